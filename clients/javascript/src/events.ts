import { sendMany, type Items } from "./batches.js";
import { NotFoundError } from "./errors.js";
import { newId } from "./ids.js";
import { Pages } from "./pages.js";
import type { BatchResult } from "./results.js";
import { pathOf, type Transport } from "./transport.js";
import type { Event, NewEvent } from "./types.js";
import { toJson, type OneOrMore, type Range, type Time } from "./values.js";

export interface BatchOptions {
  /** Whether to reject with RejectedError if some items were refused; true if not given. */
  throwOnRejected?: boolean;
}

export interface EventFilters {
  customer_id: OneOrMore<string | number>;
  name: OneOrMore<string>;
  created_at?: Range<Time>;
  sort?: "created_at" | "-created_at";
  /** The size of a page, 1 to 1000. */
  limit?: number;
  cursor?: string | null;
}

/** What customers did. */
export class Events {
  constructor(private readonly transport: Transport) {}

  /**
   * Store one event, and return it as it is stored.
   *
   *     await traitly.events.send({ customer_id: "123", name: "Logged in" });
   *
   * `created_at` is when it happened, now if it is not given; `custom_attributes` are anything else that you want to keep
   * with it. The customer need not exist yet.
   *
   * `id` is your own identifier of the event: an event whose id is stored already is not stored again. Without one, an id
   * is made here, so that retries store the event once.
   *
   * Rejects with BadRequestError if the server refuses it, another APIError or NetworkError if it cannot be stored.
   */
  async send(event: NewEvent): Promise<Event> {
    const body = toJson(withId(event));
    const { data } = await this.transport.send({ method: "POST", path: "/event", body });
    return data[0] as unknown as Event;
  }

  /**
   * Store many events, 1,000 a request; `events` may be a generator of any length.
   *
   * Each is judged by itself: those that are valid are stored even if others are refused.
   *
   * Rejects with RejectedError at the end if some were refused (with `throwOnRejected: false`, look at the result's
   * `rejected` instead), or with an APIError or NetworkError at once, whose `result` says what was done by then. To call it
   * again after that, give the events ids of your own (`newId()`): stored ones are passed over.
   */
  async sendMany(events: Items<NewEvent>, { throwOnRejected = true }: BatchOptions = {}): Promise<BatchResult> {
    const result = await sendMany(this.transport, "/event", withIds(events));
    if (throwOnRejected) {
      result.throwForRejected();
    }
    return result;
  }

  /**
   * The events of a customer and a name, oldest first; several of either mean any of them.
   *
   *     for await (const event of traitly.events.list({ customer_id: "123", name: "Logged in" })) { ... }
   *
   * For the events of every name see `customers.events`.
   */
  list(filters: EventFilters): Pages<Event> {
    return new Pages(this.transport, "/event", filters);
  }

  /** One event. Rejects with NotFoundError if there is none with this id. */
  async get(id: string): Promise<Event> {
    const { data } = await this.transport.send({ method: "GET", path: pathOf("event", id) });
    return data[0] as unknown as Event;
  }

  /** Delete one event. Its id may be used again. Rejects with NotFoundError if there is none with this id. */
  async delete(id: string): Promise<void> {
    try {
      await this.transport.send({ method: "DELETE", path: pathOf("event", id) });
    } catch (error) {
      // Else an earlier attempt deleted it, whose response was lost.
      if (!(error instanceof NotFoundError) || error.attempts === 1) {
        throw error;
      }
    }
  }

  /**
   * Delete every event that all of the filters choose, of which the server needs at least one.
   *
   * Resolves with how many were deleted; after a retry, with how many the last attempt still found.
   */
  async deleteMany(filters: Partial<Pick<EventFilters, "customer_id" | "name" | "created_at">>): Promise<number> {
    const { metadata } = await this.transport.send({ method: "DELETE", path: "/event", filters });
    return metadata["events"] as number;
  }
}

/** The event, with an id of its own. */
export function withId<T extends NewEvent>(event: T): T {
  return event.id ? event : { ...event, id: newId() };
}

async function* withIds(events: Items<NewEvent>): AsyncGenerator<NewEvent, void, undefined> {
  for await (const event of events) {
    yield withId(event);
  }
}
