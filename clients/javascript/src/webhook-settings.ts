import { NotFoundError } from "./errors.js";
import { pathOf, type Transport } from "./transport.js";
import type { CreatedWebhook, NewWebhook, WebhookChanges, WebhookSettings } from "./types.js";
import { toJson } from "./values.js";

/** Where the server sends the feed. The key needs both scopes, `read` and `write`. */
export class Webhooks {
  constructor(private readonly transport: Transport) {}

  /**
   * Have the feed sent to `url` from now on; returns the webhook with its `secret`, for `new Webhook(secret)`.
   *
   *     const created = await traitly.webhooks.create({ url: "https://example.com/traitly", types: ["event.created"] });
   *
   * `types` are the entries to send, `names` the events; all if they are not given. `batch` is how many entries a request
   * has at most: 1 if it is not given.
   *
   * There are no retries, because each might create another webhook: after a NetworkError look at `list()`.
   *
   * Rejects with BadRequestError if the server refuses it, or if the account has as many as it may.
   */
  async create(webhook: NewWebhook): Promise<CreatedWebhook> {
    const { data } = await this.transport.attempt({ method: "POST", path: "/webhook", body: toJson(webhook) });
    return data[0] as unknown as CreatedWebhook;
  }

  /** Every webhook of the account, the oldest first. */
  async list(): Promise<WebhookSettings[]> {
    const { data } = await this.transport.send({ method: "GET", path: "/webhook" });
    return data as unknown as WebhookSettings[];
  }

  /**
   * One webhook: how far it is, and whether the server has switched it off.
   *
   * Rejects with NotFoundError if there is none with this id.
   */
  async get(id: string): Promise<WebhookSettings> {
    const { data } = await this.transport.send({ method: "GET", path: pathOf("webhook", id) });
    return data[0] as unknown as WebhookSettings;
  }

  /**
   * Change some settings. Switched on again, a webhook goes on where it stopped.
   *
   * Rejects with NotFoundError if there is none with this id, BadRequestError if the server refuses a value.
   */
  async update(id: string, changes: WebhookChanges): Promise<WebhookSettings> {
    const request = { method: "PATCH", path: pathOf("webhook", id), body: toJson(changes) } as const;
    const { data } = await this.transport.send(request);
    return data[0] as unknown as WebhookSettings;
  }

  /** Delete a webhook. Rejects with NotFoundError if there is none with this id. */
  async delete(id: string): Promise<void> {
    try {
      await this.transport.send({ method: "DELETE", path: pathOf("webhook", id) });
    } catch (error) {
      if (!(error instanceof NotFoundError && error.attempts > 1)) {
        throw error; // else an earlier attempt deleted it, whose response was lost
      }
    }
  }
}
