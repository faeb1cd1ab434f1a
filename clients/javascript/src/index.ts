export { Batcher, type BatcherOptions, type Stats } from "./batcher.js";
export { Traitly, type TraitlyOptions } from "./client.js";
export { type CustomerFilters, Customers, type HistoryFilters } from "./customers.js";
export {
  APIError,
  AuthenticationError,
  BadRequestError,
  type ErrorDetail,
  NetworkError,
  NotFoundError,
  PayloadTooLargeError,
  PermissionDeniedError,
  QueueFullError,
  RateLimitError,
  RejectedError,
  RequestTimeoutError,
  ServerError,
  TraitlyError,
  UndeliveredError,
  WebhookVerificationError,
} from "./errors.js";
export { type BatchOptions, type EventFilters, Events } from "./events.js";
export { Feed, type FeedOptions, Follow, type FollowOptions } from "./feed.js";
export { newId } from "./ids.js";
export { Pages } from "./pages.js";
export { BatchResult, type Page, type Rejection } from "./results.js";
export type {
  Alias,
  Change,
  CreatedWebhook,
  Customer,
  CustomerChanges,
  Event,
  FeedEntry,
  Hint,
  NewCustomer,
  NewEvent,
  NewWebhook,
  WebhookBatch,
  WebhookChanges,
  WebhookSettings,
} from "./types.js";
export type { OneOrMore, Range, Time } from "./values.js";
export { VERSION } from "./version.js";
export { Webhook, type WebhookOptions } from "./webhooks.js";
export { Webhooks } from "./webhook-settings.js";
