import { waitBefore } from "./backoff.js";
import { readResult, toBody } from "./batches.js";
import { PayloadTooLargeError, QueueFullError, RejectedError, setAttempts, TraitlyError, UndeliveredError } from "./errors.js";
import { withId } from "./events.js";
import { atExit, isHidden, startTimer } from "./runtime.js";
import { BatchResult } from "./results.js";
import type { Envelope, Transport } from "./transport.js";
import type { NewCustomer, NewEvent } from "./types.js";
import { toJson } from "./values.js";

const MEBIBYTE = 1024 * 1024;
const REQUEST_SIZE = 4 * MEBIBYTE;
const HIDDEN_REQUEST_SIZE = 60_000; // browsers allow 64 KiB in requests that outlive their page

export interface BatcherOptions {
  /** The most items in the queue: 10,000. */
  maxItems?: number;
  /** The most characters of JSON in the queue: 64 Mi. */
  maxSize?: number;
  /** The most items of a request: 500. */
  batchSize?: number;
  /** Seconds after which an item is sent at the latest: 1. */
  interval?: number;
  /** Seconds that `send` waits while the queue is full: 5. */
  maxBlock?: number;
  /** Seconds for sending what is left when the process ends: 10. */
  exitTimeout?: number;
  /** Told of items that were refused, or that could not be delivered by the end; else they are logged with console.error. */
  onError?: (items: object[], error: TraitlyError) => void;
}

/** How a batcher is doing. */
export interface Stats {
  /** Waiting, or being sent. */
  pending: number;
  delivered: number;
  /** Refused by the server, or given up at the end; `onError` was told. */
  failed: number;
}

interface Queued {
  item: object;
  text: string;
}

/** The items for one endpoint, in order. They are there until they are done with: a request that fails loses none. */
class Lane {
  items: Queued[] = [];
  oldest = Infinity; // when the first of the items was put in
  put = 0; // how many ever
  done = 0; // how many of them are dealt with
  constructor(readonly path: string) {}
}

/** Made by `Traitly.batcher`. */
export class Batcher {
  readonly #transport: Transport;
  readonly #options: Required<BatcherOptions>;
  readonly #lanes = { event: new Lane("/event"), customer: new Lane("/customer") };
  readonly #listeners = new Set<() => void>(); // called after each change
  #size = 0;
  #delivered = 0;
  #failed = 0;
  #flushing = 0; // how many wait for the queue to be sent at once
  #pumping = false;
  #closed = false;
  #given = 0; // how often the queue was given up; what is in flight then no longer counts
  #timer: { stop(): void } | null = null;

  constructor(transport: Transport, options: BatcherOptions) {
    this.#transport = transport;
    this.#options = {
      maxItems: 10_000,
      maxSize: 64 * MEBIBYTE,
      batchSize: 500,
      interval: 1,
      maxBlock: 5,
      exitTimeout: 10,
      onError: logFailure,
      ...options,
    };
  }

  /**
   * Queue an event, as in `events.send`; `created_at` is now, not when it is sent.
   *
   * Resolves when it is queued. Rejects with QueueFullError if there was no room for `maxBlock` seconds, with TypeError for
   * what JSON cannot say.
   */
  async send(event: NewEvent): Promise<void> {
    const item = withId({ ...event, created_at: event.created_at ?? new Date() });
    await this.#put(this.#lanes.event, item);
  }

  /** Queue a customer, as in `customers.upsert`. Resolves and rejects like `send`. */
  async upsert(customer: NewCustomer): Promise<void> {
    await this.#put(this.#lanes.customer, { ...customer });
  }

  /**
   * Send what is queued now; resolves when it is delivered or refused.
   *
   * Rejects with UndeliveredError after `timeout` seconds; the rest is still queued.
   */
  async flush(timeout = 30): Promise<void> {
    const until = this.#all.map((lane) => ({ lane, put: lane.put }));
    this.#flushing += 1;
    this.#wake();
    const done = await this.#when(() => until.every(({ lane, put }) => lane.done >= put), timeout);
    this.#flushing -= 1;
    if (!done) {
      throw new UndeliveredError(this.stats.pending);
    }
  }

  /**
   * Send what is queued. More items are refused from now on; closing twice is fine.
   *
   * Rejects with UndeliveredError after `timeout` seconds; `onError` has been given the rest.
   */
  async close(timeout = 30): Promise<void> {
    this.#closed = true;
    const left = await this.#drain(timeout);
    if (left > 0) {
      throw new UndeliveredError(left);
    }
  }

  /** How many items are pending, delivered and failed. */
  get stats(): Stats {
    const pending = this.#all.reduce((sum, lane) => sum + lane.items.length, 0);
    return { pending, delivered: this.#delivered, failed: this.#failed };
  }

  get #all(): Lane[] {
    return Object.values(this.#lanes);
  }

  async #put(lane: Lane, item: object): Promise<void> {
    const queued = { item, text: toJson(item) };
    await this.#waitForRoom(queued);
    if (lane.items.length === 0) {
      lane.oldest = now();
    }
    lane.items.push(queued);
    lane.put += 1;
    this.#size += queued.text.length;
    atExit(this, (hidden) => (hidden ? this.#leave() : this.#drain(this.#options.exitTimeout)));
    this.#wake();
  }

  async #waitForRoom(queued: Queued): Promise<void> {
    const until = now() + this.#options.maxBlock;
    while (!this.#closed && !this.#hasRoom(queued)) {
      const left = until - now(); // others may have been quicker to take the room
      if (left <= 0 || !(await this.#when(() => this.#closed || this.#hasRoom(queued), left))) {
        throw new QueueFullError(`The queue is full (${this.stats.pending} items): the server is away or too slow.`);
      }
    }
    if (this.#closed) {
      throw new QueueFullError("The batcher is closed.");
    }
  }

  #hasRoom({ text }: Queued): boolean {
    const { maxItems, maxSize } = this.#options;
    return this.stats.pending < maxItems && (this.#size === 0 || this.#size + text.length <= maxSize);
  }

  /** Something changed: tell those who wait, and see whether something is to be sent. */
  #wake(): void {
    for (const listener of [...this.#listeners]) {
      listener();
    }
    if (!this.#pumping) {
      void this.#pump();
    }
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    this.#timer?.stop();
    for (let lane = this.#due(); lane; lane = this.#due()) {
      await this.#deliver(lane, this.#first(lane));
    }
    this.#pumping = false;
    const oldest = Math.min(...this.#all.map((lane) => lane.oldest));
    if (oldest < Infinity) {
      this.#timer = startTimer(oldest + this.#options.interval - now(), () => this.#wake(), { keepsProcess: false });
    }
  }

  #due(): Lane | undefined {
    const { interval, batchSize, maxSize } = this.#options;
    const atOnce = this.#closed || this.#flushing > 0 || this.#size >= maxSize / 2;
    const due = (lane: Lane): boolean =>
      lane.items.length >= batchSize || (lane.items.length > 0 && (atOnce || now() >= lane.oldest + interval));
    return this.#all.filter(due).sort((a, b) => a.oldest - b.oldest)[0];
  }

  #first(lane: Lane): Queued[] {
    const most = isHidden() ? HIDDEN_REQUEST_SIZE : REQUEST_SIZE;
    let size = 0;
    const end = lane.items.findIndex(({ text }, index) => {
      size += text.length;
      return index > 0 && (index === this.#options.batchSize || size > most);
    });
    return lane.items.slice(0, end === -1 ? undefined : end);
  }

  /** Send the first items of the lane; false if the queue was given up meanwhile. */
  async #deliver(lane: Lane, items: Queued[]): Promise<boolean> {
    const given = this.#given;
    try {
      const body = await this.#attempt({ path: lane.path, body: toBody(items.map(({ text }) => text)) }, given);
      if (body === null || given !== this.#given) {
        return false;
      }
      const result = new BatchResult();
      readResult(body, items.map((queued, index) => ({ ...queued, index })), result);
      const refused = result.rejected.map(({ item }) => item);
      this.#finish(lane, items, refused, refused.length > 0 ? new RejectedError(result) : null);
    } catch (error) {
      if (given !== this.#given) {
        return false;
      }
      if (error instanceof PayloadTooLargeError && items.length > 1) {
        const middle = items.length >> 1;
        return (await this.#deliver(lane, items.slice(0, middle))) && this.#deliver(lane, items.slice(middle));
      }
      const failure = error instanceof TraitlyError ? error : new TraitlyError(String(error), { cause: error });
      this.#finish(lane, items, items.map(({ item }) => item), failure);
    }
    return true;
  }

  /** The envelope: tries for as long as it may help; null when the queue was given up. */
  async #attempt(request: { path: string; body: string }, given: number): Promise<Envelope | null> {
    for (let attempt = 1; given === this.#given; attempt++) {
      try {
        return await this.#transport.attempt({ method: "POST", ...request, keepalive: isHidden() });
      } catch (error) {
        if (!(error instanceof TraitlyError) || !error.retryable) {
          if (error instanceof TraitlyError) {
            setAttempts(error, attempt);
          }
          throw error;
        }
        await this.#pause(waitBefore(attempt + 1, error.retryAfter), { hurry: error.retryAfter === null, given });
      }
    }
    return null;
  }

  /** Wait before the next attempt. Closing and flushing cut the wait short if `hurry`, giving up always. */
  async #pause(seconds: number, { hurry, given }: { hurry: boolean; given: number }): Promise<void> {
    const before = [this.#closed, this.#flushing];
    const hurried = (): boolean => hurry && (this.#closed !== before[0] || this.#flushing > Number(before[1]));
    await this.#when(() => given !== this.#given || hurried(), seconds, { keepsProcess: false });
  }

  /** Take the items out of the queue, and tell of those that failed. */
  #finish(lane: Lane, items: Queued[], failed: object[], error: TraitlyError | null): void {
    lane.items.splice(0, items.length);
    lane.oldest = lane.items.length > 0 ? now() : Infinity;
    lane.done += items.length;
    this.#size -= items.reduce((sum, { text }) => sum + text.length, 0);
    this.#delivered += items.length - failed.length;
    this.#failed += failed.length;
    if (error) {
      this.#tell(failed, error);
    }
    this.#wake();
  }

  #tell(items: object[], error: TraitlyError): void {
    try {
      this.#options.onError(items, error);
    } catch (failure) {
      console.error("traitly: onError failed:", failure);
    }
  }

  /** Deliver for up to `timeout` seconds, then give up; how many items were given up. */
  async #drain(timeout: number): Promise<number> {
    try {
      await this.flush(timeout);
      return 0;
    } catch {
      const left = this.#all.flatMap((lane) => lane.items.map(({ item }) => item));
      for (const lane of this.#all) {
        lane.done += lane.items.length;
        lane.items = [];
        lane.oldest = Infinity;
      }
      this.#size = 0;
      this.#failed += left.length;
      this.#given += 1;
      if (left.length > 0) {
        this.#tell(left, new UndeliveredError(left.length));
      }
      this.#wake();
      return left.length;
    }
  }

  /** The page is hidden, perhaps for good: send now what is queued; what fails stays queued. */
  async #leave(): Promise<void> {
    await this.flush().catch(() => undefined);
  }

  /** Resolves with true as soon as the condition holds, with false after so many seconds. */
  #when(condition: () => boolean, seconds: number, { keepsProcess } = { keepsProcess: true }): Promise<boolean> {
    if (condition()) {
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const finish = (result: boolean): void => {
        timer.stop();
        this.#listeners.delete(listener);
        resolve(result);
      };
      const listener = (): void => {
        if (condition()) {
          finish(true);
        }
      };
      const timer = startTimer(seconds, () => finish(condition()), { keepsProcess });
      this.#listeners.add(listener);
    });
  }
}

function logFailure(items: object[], error: TraitlyError): void {
  console.error(`traitly: ${items.length} items were not stored: ${error.message}`);
}

/** Seconds, which never go back. */
function now(): number {
  return performance.now() / 1000;
}
