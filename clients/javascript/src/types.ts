/** The objects of the API, as they are sent and as they come back. */
import type { components } from "./openapi.js";

type Schemas = components["schemas"];

export type Event = Schemas["Event"];
export type NewEvent = Schemas["NewEvent"];
export type Customer = Schemas["Customer"];
export type NewCustomer = Schemas["NewCustomer"];
export type CustomerChanges = Schemas["CustomerChanges"];
export type Alias = Schemas["Alias"];
export type Change = Schemas["Change"];
export type Hint = Schemas["Hint"];
export type FeedEntry = Schemas["FeedEntry"];
export type NewWebhook = Schemas["NewWebhook"];
export type CreatedWebhook = Schemas["CreatedWebhook"];
export type WebhookChanges = Schemas["WebhookChanges"];
export type WebhookSettings = Schemas["Webhook"];

/** What a webhook is sent that takes several entries at once. */
export interface WebhookBatch {
  type: "batch";
  timestamp: string;
  data: FeedEntry[];
}
