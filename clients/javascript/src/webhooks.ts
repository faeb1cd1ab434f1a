import { WebhookVerificationError } from "./errors.js";
import type { FeedEntry, WebhookBatch } from "./types.js";

const TOLERANCE = 300;
const SECRET_PREFIX = "whsec_";

/** Headers as a Headers object has them, or as Node's `request.headers` does. */
export type HeadersLike = Headers | Record<string, string | string[] | undefined>;

export interface WebhookOptions {
  /** Seconds that a request may be old: 300. */
  tolerance?: number;
}

/**
 * Verifies that a webhook's request comes from your server (Standard Webhooks 1.0).
 *
 *     const webhook = new Webhook("whsec_...");
 *     const payload = await webhook.verify(await request.text(), request.headers);
 *
 * Pass the body as it came, before anything parses it. While a secret is being rotated pass both, in a list.
 *
 * Throws TypeError if a secret is not one.
 */
export class Webhook {
  readonly #keys: Uint8Array<ArrayBuffer>[];
  readonly #tolerance: number;

  constructor(secret: string | readonly string[], { tolerance = TOLERANCE }: WebhookOptions = {}) {
    const secrets = typeof secret === "string" ? [secret] : secret;
    if (secrets.length === 0) {
      throw new TypeError("A webhook's secret is needed.");
    }
    this.#keys = secrets.map(readSecret);
    this.#tolerance = tolerance;
  }

  /**
   * The payload: an entry of the feed, or `{ type: "batch", data: [entries], ... }`.
   *
   * `webhook-id` of the headers stays the same when a request is sent again: keep it to handle each once.
   *
   * Rejects with WebhookVerificationError if it is not signed with the secret, or not within `tolerance` seconds of now.
   */
  async verify(body: string | Uint8Array, headers: HeadersLike): Promise<FeedEntry | WebhookBatch> {
    const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const id = header(headers, "webhook-id");
    const timestamp = header(headers, "webhook-timestamp");
    const signatures = header(headers, "webhook-signature").split(" ");
    this.#checkTime(timestamp);
    const start = new TextEncoder().encode(`${id}.${timestamp}.`);
    const signed = new Uint8Array(start.length + content.length);
    signed.set(start);
    signed.set(content, start.length);
    if (!(await this.#isSigned(signed, signatures))) {
      throw new WebhookVerificationError("No signature matches: another secret, or the body was changed.");
    }
    try {
      return JSON.parse(new TextDecoder().decode(content)) as FeedEntry | WebhookBatch;
    } catch (cause) {
      throw new WebhookVerificationError("The body is not JSON.", { cause });
    }
  }

  #checkTime(timestamp: string): void {
    if (!/^\d+$/.test(timestamp)) {
      throw new WebhookVerificationError(`webhook-timestamp is not a time: ${JSON.stringify(timestamp)}`);
    }
    const age = Math.round(Date.now() / 1000 - Number(timestamp));
    if (Math.abs(age) > this.#tolerance) {
      const what = `${Math.abs(age)} s ${age > 0 ? "old" : "ahead"}`;
      throw new WebhookVerificationError(`webhook-timestamp is ${what}: an old request, or a wrong clock.`);
    }
  }

  async #isSigned(signed: Uint8Array<ArrayBuffer>, signatures: string[]): Promise<boolean> {
    const subtle = await webCrypto();
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    for (const bytes of this.#keys) {
      const key = await subtle.importKey("raw", bytes, algorithm, false, ["verify"]);
      for (const signature of signatures) {
        const given = signature.startsWith("v1,") ? decode(signature.slice(3)) : null;
        if (given && (await subtle.verify("HMAC", key, given, signed))) {
          return true;
        }
      }
    }
    return false;
  }
}

function readSecret(secret: string): Uint8Array<ArrayBuffer> {
  const key = decode(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret);
  if (!key || key.length === 0) {
    throw new TypeError("That is not a webhook's secret: it looks like whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.");
  }
  return key;
}

/** The bytes of base64; null if it is none. */
function decode(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

function header(headers: HeadersLike, name: string): string {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const found = entries.find(([given]) => given.toLowerCase() === name)?.[1];
  const value = Array.isArray(found) ? found[0] : found;
  if (value === undefined) {
    throw new WebhookVerificationError(`The header ${name} is missing.`);
  }
  return value;
}

/** Node 18 has WebCrypto, but not as a global. */
async function webCrypto(): Promise<SubtleCrypto> {
  if (globalThis.crypto) {
    return globalThis.crypto.subtle;
  }
  const module = "node:crypto"; // a variable, so that bundlers for browsers leave it alone
  const { webcrypto } = (await import(/* webpackIgnore: true */ /* @vite-ignore */ module)) as { webcrypto: Crypto };
  return webcrypto.subtle;
}
