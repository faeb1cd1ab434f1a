/** The objects of the API, as they are sent and as they come back. */
import type { components } from "./openapi.js";

type Schemas = components["schemas"];

export type Event = Schemas["Event"];
export type NewEvent = Schemas["NewEvent"];
export type Customer = Schemas["Customer"];
export type NewCustomer = Schemas["NewCustomer"];
export type CustomerChanges = Schemas["CustomerChanges"];

export type FeedEntry =
  | { type: "event.created"; timestamp: string; data: Event }
  | { type: "customer.updated"; timestamp: string; data: Customer }
  | { type: "customer.erased"; timestamp: string; data: { customer_id: string } };

export interface WebhookBatch {
  type: "batch";
  timestamp: string;
  data: FeedEntry[];
}
