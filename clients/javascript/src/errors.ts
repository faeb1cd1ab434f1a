import type { BatchResult } from "./results.js";

/** One thing that is wrong. */
export interface ErrorDetail {
  /** For programs, as `required`. */
  code: string;
  /** For people. */
  detail: string;
  /** The field (`3.created_at`: of the fourth item); null where no single field is at fault. */
  attr: string | null;
}

/** The base of all errors of this library. */
export class TraitlyError extends Error {
  /** Whether the same request may succeed later. Requests are retried on these before you see one. */
  retryable = false;
  /** The seconds that the server asked to wait for, from `Retry-After`. */
  retryAfter: number | null = null;
  /** How often the request was sent. */
  attempts = 1;
  /** What `sendMany` or `upsertMany` had done by then. */
  result: BatchResult | null = null;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * No response came: the server cannot be reached, the connection broke, or the time was up.
 *
 * The server may have acted on the request all the same. Sending it again is safe: see `id` of `events.send`.
 */
export class NetworkError extends TraitlyError {
  override retryable = true;
}

/** The server did not answer within `timeout`. */
export class RequestTimeoutError extends NetworkError {}

export interface APIErrorFields {
  status: number;
  type: string;
  errors: ErrorDetail[];
  metadata: Record<string, unknown>;
  request: string;
  retryAfter: number | null;
}

/** The server answered with an error. Has every field of the error object. */
export class APIError extends TraitlyError {
  /** The HTTP status. */
  readonly status: number;
  /** `validation_error`, `client_error` or `server_error`; `unexpected_response` if it was not Traitly that answered. */
  readonly type: string;
  /** Everything that is wrong, not only the first thing. */
  readonly errors: ErrorDetail[];
  readonly metadata: Record<string, unknown>;
  /** The method and the URL. */
  readonly request: string;
  /** What to quote when you ask for help: the same id is in the server's log. */
  readonly requestId: string | null;

  constructor(fields: APIErrorFields) {
    const requestId = typeof fields.metadata["request_id"] === "string" ? fields.metadata["request_id"] : null;
    const where = requestId ? `${fields.request}, request ${requestId}` : fields.request;
    super(`${fields.status} ${fields.type}: ${describe(fields.errors)} [${where}]`);
    this.status = fields.status;
    this.type = fields.type;
    this.errors = fields.errors;
    this.metadata = fields.metadata;
    this.request = fields.request;
    this.requestId = requestId;
    this.retryAfter = fields.retryAfter;
    this.retryable = RETRYABLE.has(fields.status);
  }
}

/** 400: `errors` says which fields and why. */
export class BadRequestError extends APIError {}
/** 401: no key, or one that is unknown, revoked or expired. */
export class AuthenticationError extends APIError {}
/** 403: the key's scopes do not allow this. */
export class PermissionDeniedError extends APIError {}
/** 404: this account has no such object. */
export class NotFoundError extends APIError {}
/** 413: more than the server reads at once. `sendMany` and `upsertMany` split such requests by themselves. */
export class PayloadTooLargeError extends APIError {}
/** 429: too many requests of this key; `retryAfter` says for how long to wait. */
export class RateLimitError extends APIError {}
/** 5xx: the server's fault. */
export class ServerError extends APIError {}

/** Some items of a batch were refused; the others are stored. `result.rejected` has each one with its errors. */
export class RejectedError extends TraitlyError {
  override result: BatchResult;

  constructor(result: BatchResult) {
    const [first] = result.rejected;
    const count = result.rejected.length;
    const more = count > 1 ? ` (and ${count - 1} more)` : "";
    super(
      `${count} of ${result.accepted + count} items were rejected. ` +
        `Item ${first?.index}: ${describe(first?.errors ?? [])}${more}`,
    );
    this.result = result;
  }
}

/** The batcher's queue stayed full for `maxBlock` seconds; the item was not taken. */
export class QueueFullError extends TraitlyError {}

/** The time for `flush` or `close` was up before everything was delivered. */
export class UndeliveredError extends TraitlyError {
  constructor(readonly pending: number) {
    super(`${pending} items were not delivered in time.`);
  }
}

/** The request does not come from the server that has the secret, was changed, or is too old. Answer 400. */
export class WebhookVerificationError extends TraitlyError {}

const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);

const BY_STATUS = new Map<number, new (fields: APIErrorFields) => APIError>([
  [400, BadRequestError],
  [401, AuthenticationError],
  [403, PermissionDeniedError],
  [404, NotFoundError],
  [413, PayloadTooLargeError],
  [429, RateLimitError],
]);

/** The error of a response. */
export function apiError(fields: APIErrorFields): APIError {
  const kind = BY_STATUS.get(fields.status) ?? (fields.status >= 500 ? ServerError : APIError);
  return new kind(fields);
}

/** Add to the message how often it was tried. */
export function setAttempts(error: TraitlyError, attempts: number): void {
  error.attempts = attempts;
  if (attempts > 1) {
    error.message += ` (tried ${attempts} times)`;
  }
}

function describe(errors: ErrorDetail[]): string {
  return errors.map(({ attr, detail, code }) => `${attr ? `${attr}: ` : ""}${detail} (${code})`).join("; ");
}
