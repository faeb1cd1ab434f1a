import { Batcher, type BatcherOptions } from "./batcher.js";
import { Customers } from "./customers.js";
import { Events } from "./events.js";
import { Feed } from "./feed.js";
import { Transport, type Settings } from "./transport.js";
import { Webhooks } from "./webhook-settings.js";

export interface TraitlyOptions {
  /** The server, as `https://traitly.example.com`; in Node from TRAITLY_URL if not given. */
  url?: string;
  /** An API key; in Node from TRAITLY_API_KEY if not given. */
  key?: string;
  /** Seconds, for each attempt: 30. */
  timeout?: number;
  /** How often a request is sent again that failed for a reason that may pass: 5. */
  maxRetries?: number;
  /** Another fetch, for proxies or tests. */
  fetch?: typeof fetch;
}

/**
 * A client of a Traitly server.
 *
 *     import { Traitly } from "traitly";
 *
 *     const traitly = new Traitly({ url: "https://traitly.example.com", key: "..." });
 *     await traitly.events.send({ customer_id: "123", name: "Logged in" });
 *
 * A request that failed for a reason that may pass (no connection, 429, 5xx) is sent again up to `maxRetries` times, after
 * 0.25 s, 0.5 s and so on up to 30 s, or when the server's `Retry-After` says. Nothing is stored twice by that.
 *
 * Throws TypeError if the url or the key makes no sense.
 */
export class Traitly {
  readonly events: Events;
  readonly customers: Customers;
  readonly feed: Feed;
  readonly webhooks: Webhooks;
  readonly #transport: Transport;

  constructor(options: TraitlyOptions = {}) {
    this.#transport = new Transport(readSettings(options));
    this.events = new Events(this.#transport);
    this.customers = new Customers(this.#transport);
    this.feed = new Feed(this.#transport);
    this.webhooks = new Webhooks(this.#transport);
  }

  /**
   * Sends in the background, many items a request: for what must not wait for the server.
   *
   *     const batcher = traitly.batcher();
   *     await batcher.send({ customer_id: "123", name: "Logged in" });
   *
   * `send` resolves as soon as the item is queued. What is queued is sent after `interval` seconds at the latest. While the
   * server is away it is kept and tried again. When the queue is full, `send` waits for up to `maxBlock` seconds and then
   * rejects with QueueFullError.
   *
   * What is left when Node has nothing else to do is sent then, for up to `exitTimeout` seconds; in a browser, when the
   * page is hidden. `process.exit()` loses the queue: `await batcher.close()` before it.
   */
  batcher(options: BatcherOptions = {}): Batcher {
    return new Batcher(this.#transport, options);
  }
}

function readSettings(options: TraitlyOptions): Settings {
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
  const url = options.url || environment["TRAITLY_URL"] || "";
  const key = (options.key || environment["TRAITLY_API_KEY"] || "").trim();
  const { timeout = 30, maxRetries = 5 } = options;
  if (!url) {
    throw new TypeError('Say where the server is: new Traitly({ url: "https://traitly.example.com" }), or set TRAITLY_URL.');
  }
  if (!key) {
    throw new TypeError('An API key is needed: new Traitly({ key: "..." }), or set TRAITLY_API_KEY.');
  }
  if (!/^[!-~]+$/.test(key)) {
    throw new TypeError("The API key has characters that no key has. Copy it again, without quotes or line breaks.");
  }
  if (!/^https?:\/\/[^/?#]/.test(url)) {
    throw new TypeError(`${url} is not the URL of a server; it should look like https://traitly.example.com.`);
  }
  if (/[?#]/.test(url)) {
    throw new TypeError(`${url} has a query or a fragment; give the server's URL alone.`);
  }
  if (!(maxRetries >= 0) || !(timeout > 0)) {
    throw new TypeError("maxRetries is 0 or more, timeout more than 0.");
  }
  const base = url.replace(/\/+$/, "").replace(/\/api(\/v1)?$/, "");
  return { url: base, key, timeout, maxRetries, fetch: options.fetch ?? ((...given) => fetch(...given)) };
}
