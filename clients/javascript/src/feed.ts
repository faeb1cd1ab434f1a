import { sleep } from "./backoff.js";
import type { Page } from "./results.js";
import type { Envelope, Transport } from "./transport.js";
import type { FeedEntry } from "./types.js";
import type { OneOrMore, Time } from "./values.js";

const SHORTEST_POLL = 1; // seconds between requests that find nothing, should the server not hold them

export interface FeedOptions {
  type?: OneOrMore<FeedEntry["type"]>;
  /** The name of an event. */
  name?: OneOrMore<string>;
  /** Where to start, if there is no cursor; at the beginning if not given. */
  since?: Time;
  /** Where to go on. */
  cursor?: string | null;
  /** The size of a page, 1 to 1000. */
  limit?: number;
  /** Ends the iteration, which rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface FollowOptions extends FeedOptions {
  /** For how many seconds the server holds a request that has nothing new, up to 30. */
  wait?: number;
}

/**
 * The feed as an iterator; made by `feed.list` and `feed.follow`.
 *
 * `cursor` is where to go on: save it when you have handled an entry, and pass it next time. It moves a page at a time, and
 * only after the whole page was handled: after a crash you may be given entries again, and miss none.
 */
export class Follow implements AsyncIterable<FeedEntry> {
  cursor: string | null;
  private readonly filters: Omit<FeedOptions, "cursor" | "signal">;
  private readonly signal: AbortSignal | undefined;

  constructor(
    private readonly transport: Transport,
    { cursor, signal, ...filters }: FeedOptions,
    private readonly wait: number | null,
  ) {
    this.cursor = cursor ?? null;
    this.signal = signal;
    this.filters = filters;
  }

  /** Each entry, in order. */
  async *[Symbol.asyncIterator](): AsyncGenerator<FeedEntry, void, undefined> {
    for await (const page of this.pages()) {
      yield* page.data;
    }
  }

  /** Each page that has entries; `page.nextCursor` is what to save when all of it is handled. */
  async *pages(): AsyncGenerator<Page<FeedEntry>, void, undefined> {
    let began: number | null = null;
    for (;;) {
      const asked = performance.now();
      const body = await this.get(this.fromHere());
      began ??= Number(body.retrieved) + 1; // it is cut to whole seconds
      const page = pageOf(body);
      if (page.data.length > 0) {
        yield page;
      }
      this.cursor = page.nextCursor;
      if (this.wait === null && (await this.isEnd(page, began))) {
        return;
      }
      if (this.wait !== null && page.data.length === 0) {
        await sleep(Math.max(0, SHORTEST_POLL - (performance.now() - asked) / 1000), this.signal);
      }
    }
  }

  /** The page at `cursor` alone; empty if there is nothing new. */
  async page(): Promise<Page<FeedEntry>> {
    return pageOf(await this.get(this.fromHere()));
  }

  private fromHere(): object {
    const from = this.cursor === null ? {} : { since: undefined, cursor: this.cursor };
    return { limit: 1000, ...this.filters, ...from, wait: this.wait };
  }

  /**
   * Whether the page, which `cursor` is behind, reaches the time at which the iteration began.
   *
   * An empty one does, but where events of some names are wanted: the server looks for them among so many others at once.
   * Then the next entry of whatever name says how far it got.
   */
  private async isEnd(page: Page<FeedEntry>, began: number): Promise<boolean> {
    const scanning = page.data.length === 0 && this.filters.name !== undefined;
    const seen = scanning ? pageOf(await this.get({ ...this.fromHere(), name: undefined, limit: 1 })) : page;
    const last = seen.data.at(-1);
    return last === undefined || Number(last.timestamp) > began;
  }

  private get(filters: object): Promise<Envelope> {
    return this.transport.send({ method: "GET", path: "/feed", filters, wait: this.wait ?? 0, signal: this.signal });
  }
}

function pageOf({ data, metadata }: Envelope): Page<FeedEntry> {
  return { data: data as unknown as FeedEntry[], nextCursor: metadata["next_cursor"] as string, metadata };
}

/** All changes of the account, in the order in which they were committed, without gaps. */
export class Feed {
  constructor(private readonly transport: Transport) {}

  /**
   * The feed up to now; stops when there is nothing new.
   *
   *     const changes = traitly.feed.list({ cursor: saved });
   *     for await (const entry of changes) { await handle(entry); }
   *     await save(changes.cursor);
   */
  list(options: FeedOptions = {}): Follow {
    return new Follow(this.transport, options, null);
  }

  /**
   * The feed, without end: waits for what is new.
   *
   *     for await (const page of traitly.feed.follow({ cursor: saved }).pages()) {
   *       await handle(page.data);
   *       await save(page.nextCursor);
   *     }
   */
  follow({ wait = 30, ...options }: FollowOptions = {}): Follow {
    return new Follow(this.transport, options, wait);
  }
}
