import { sleep, waitAfter } from "./backoff.js";
import { apiError, NetworkError, RequestTimeoutError, TraitlyError, type APIError, type ErrorDetail } from "./errors.js";
import { toParams } from "./values.js";
import { VERSION } from "./version.js";

/** The envelope of a response. */
export interface Envelope {
  data: Record<string, unknown>[];
  metadata: Record<string, unknown>;
  /** Of a GET: the server's time, in unix seconds. */
  retrieved: string | null;
}

/** A request below `/api/v1`. */
export interface Request {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  filters?: object;
  /** JSON. */
  body?: string;
  /** Seconds that the server may take on purpose, on top of `timeout`. */
  wait?: number;
  signal?: AbortSignal | undefined;
  /** For a page that is being left: the browser goes on with it. */
  keepalive?: boolean;
}

export interface Settings {
  url: string;
  key: string;
  timeout: number;
  maxRetries: number;
  fetch: typeof fetch;
}

/** Sends requests, and sends them again when that may help. */
export class Transport {
  readonly #settings: Settings; // not to be seen where an object is logged: it has the key

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The envelope of the response; retries on what may pass. Rejects with NetworkError or APIError. */
  async send(request: Request): Promise<Envelope> {
    for (let attempt = 1; ; attempt++) {
      let seconds: number;
      try {
        return await this.attempt(request);
      } catch (error) {
        if (!(error instanceof TraitlyError)) {
          throw error;
        }
        seconds = waitAfter(error, attempt, this.#settings.maxRetries);
      }
      await sleep(seconds, request.signal);
    }
  }

  /** The envelope, from one attempt. Rejects with NetworkError or APIError, or the signal's reason. */
  async attempt(request: Request): Promise<Envelope> {
    const url = `${this.#settings.url}/api/v1${request.path}`;
    const query = toParams(request.filters ?? {}).toString();
    const seconds = this.#settings.timeout + (request.wait ?? 0);
    const timeout = new AbortController();
    const abort = (): void => timeout.abort();
    const timer = setTimeout(abort, seconds * 1000);
    request.signal?.addEventListener("abort", abort, { once: true });
    try {
      request.signal?.throwIfAborted();
      const response = await this.#settings.fetch(query ? `${url}?${query}` : url, {
        method: request.method,
        headers: this.headers(request),
        body: request.body ?? null,
        redirect: "manual",
        signal: timeout.signal,
        ...(request.keepalive ? { keepalive: true } : {}),
      });
      return read(`${request.method} ${url}`, response, await response.text());
    } catch (error) {
      if (error instanceof TraitlyError) {
        throw error;
      }
      request.signal?.throwIfAborted();
      if (timeout.signal.aborted) {
        const message = `${this.#settings.url} did not answer ${request.method} ${request.path} in ${seconds} s`;
        throw new RequestTimeoutError(message, { cause: error });
      }
      throw new NetworkError(`${request.method} ${url} failed: ${reasonOf(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", abort);
    }
  }

  private headers(request: Request): Record<string, string> {
    const headers: Record<string, string> = {
      Authorization: `Token ${this.#settings.key}`,
      Accept: "application/json",
    };
    if (request.body !== undefined) {
      headers["Content-Type"] = "application/json";
    }
    if (typeof document === "undefined") {
      headers["User-Agent"] = `traitly-javascript/${VERSION}`; // a browser has its own
    }
    return headers;
  }
}

/** The path of one object. Throws TypeError for an identifier that no URL can carry: it would address something else. */
export function pathOf(kind: string, identifier: string | number, rest = ""): string {
  const text = String(identifier);
  if (["", ".", ".."].includes(text)) {
    throw new TypeError(`${JSON.stringify(text)} cannot be part of a URL; find the object by a filter instead.`);
  }
  return `/${kind}/${encodeURIComponent(text)}${rest}`;
}

/** Seconds from now; the header has seconds or a date. Null if there is none, or one that makes no sense. */
export function readRetryAfter(value: string | null): number | null {
  if (value === null || value.trim() === "") {
    return null;
  }
  const seconds = Number.isNaN(Number(value)) ? (Date.parse(value) - Date.now()) / 1000 : Number(value);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

function read(request: string, response: Response, text: string): Envelope {
  const body = parse(text);
  const data = body?.["data"];
  // The response to a batch of which nothing was stored is an envelope too, though its status is 400.
  if ((response.ok || response.status === 400) && Array.isArray(data)) {
    const metadata = (body?.["metadata"] ?? {}) as Record<string, unknown>;
    return { data, metadata, retrieved: (body?.["retrieved"] as string | undefined) ?? null };
  }
  throw errorOf(request, response, text, body);
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" ? (body as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

function errorOf(request: string, response: Response, text: string, body: Record<string, unknown> | null): APIError {
  const common = { status: response.status, request, retryAfter: readRetryAfter(response.headers.get("Retry-After")) };
  if (body?.["object"] === "error") {
    return apiError({
      ...common,
      type: String(body["type"]),
      errors: (body["errors"] ?? []) as ErrorDetail[],
      metadata: (body["metadata"] ?? {}) as Record<string, unknown>,
    });
  }
  const errors = [{ code: "unexpected_response", detail: explain(response, text), attr: null }];
  return apiError({ ...common, type: "unexpected_response", errors, metadata: {} });
}

function explain(response: Response, text: string): string {
  if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
    const target = response.headers.get("Location") ?? "another address";
    return `The server redirects to ${target}: use that as the url of the client.`;
  }
  if (response.ok) {
    return `This is not Traitly's API (it sent ${response.headers.get("Content-Type")}). Is the url right?`;
  }
  const start = text.slice(0, 200).replace(/\s+/g, " ").trim();
  return `Something between you and Traitly answered: ${start || response.statusText}`;
}

/** Node's fetch says "fetch failed" and hides why in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) {
    return String(cause);
  }
  return cause.message || (cause as Error & { code?: string }).code || cause.name;
}
