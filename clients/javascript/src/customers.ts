import { sendMany, type Items } from "./batches.js";
import { NotFoundError } from "./errors.js";
import type { BatchOptions, EventFilters } from "./events.js";
import { Pages } from "./pages.js";
import type { BatchResult } from "./results.js";
import { pathOf, type Transport } from "./transport.js";
import type { Alias, Change, Customer, CustomerChanges, Event, NewCustomer } from "./types.js";
import { toJson, type OneOrMore, type Range, type Time } from "./values.js";

type SortField = "created_at" | "updated_at" | "customer_id" | "monthly_payment_amount";

export interface CustomerFilters {
  customer_id?: OneOrMore<string | number>;
  name?: OneOrMore<string>;
  plan?: OneOrMore<string>;
  email?: OneOrMore<string>;
  location?: OneOrMore<string>;
  phone_number?: OneOrMore<string>;
  organisation_id?: OneOrMore<string>;
  monthly_payment_amount?: Range<number | string>;
  created_at?: Range<Time>;
  updated_at?: Range<Time>;
  custom_attributes?: Record<string, OneOrMore<string | number | boolean | null>>;
  sort?: SortField | `-${SortField}`;
  /** The size of a page, 1 to 1000. */
  limit?: number;
  cursor?: string | null;
}

export interface HistoryFilters {
  field?: OneOrMore<Change["field"]>;
  changed_at?: Range<Time>;
  sort?: "changed_at" | "-changed_at";
  limit?: number;
  cursor?: string | null;
}

/** Whom you sell to. */
export class Customers {
  constructor(private readonly transport: Transport) {}

  /**
   * Create a customer, or update the one that has this `customer_id`; returns it as it is stored.
   *
   *     await traitly.customers.upsert({
   *       customer_id: "123", name: "John Smith", email: "john@example.com", plan: "Starter",
   *     });
   *
   * Fields that you leave out stay as they are. `custom_attributes` are merged key by key, and null removes its key.
   *
   * Rejects with BadRequestError if the server refuses it.
   */
  async upsert(customer: NewCustomer): Promise<Customer> {
    const { data } = await this.transport.send({ method: "POST", path: "/customer", body: toJson(customer) });
    return data[0] as unknown as Customer;
  }

  /**
   * Create or update many customers, 1,000 a request, in order; `customers` may be a generator of any length.
   *
   * Each is judged by itself: those that are valid are stored even if others are refused.
   *
   * Rejects with RejectedError at the end if some were refused (with `throwOnRejected: false`, look at the result's
   * `rejected` instead), or with an APIError or NetworkError at once, whose `result` says what was done by then.
   */
  async upsertMany(customers: Items<NewCustomer>, { throwOnRejected = true }: BatchOptions = {}): Promise<BatchResult> {
    const result = await sendMany(this.transport, "/customer", customers);
    if (throwOnRejected) {
      result.throwForRejected();
    }
    return result;
  }

  /**
   * Change some fields of a customer; returns it as it is now.
   *
   * Rejects with NotFoundError if there is no such customer, BadRequestError if the server refuses a value.
   */
  async update(customerId: string | number, changes: CustomerChanges): Promise<Customer> {
    const request = { method: "PATCH", path: pathOf("customer", customerId), body: toJson(changes) } as const;
    const { data } = await this.transport.send(request);
    return data[0] as unknown as Customer;
  }

  /** One customer. Rejects with NotFoundError if there is none with this id. */
  async get(customerId: string | number): Promise<Customer> {
    const { data } = await this.transport.send({ method: "GET", path: pathOf("customer", customerId) });
    return data[0] as unknown as Customer;
  }

  /**
   * The customers that match, oldest first; a list as a filter means any of its values.
   *
   *     const found = traitly.customers.list({ plan: "Starter", monthly_payment_amount: { gte: 100 } });
   *     for await (const customer of found) { ... }
   */
  list(filters: CustomerFilters = {}): Pages<Customer> {
    return new Pages(this.transport, "/customer", filters);
  }

  /**
   * A customer's timeline: its events of every name, or of those given, oldest first.
   *
   * Rejects with NotFoundError, when it is read, if neither the customer nor an event of it is known.
   */
  events(customerId: string | number, filters: Partial<Omit<EventFilters, "customer_id">> = {}): Pages<Event> {
    return new Pages(this.transport, pathOf("customer", customerId, "/event"), filters);
  }

  /**
   * What a customer's `plan` and `monthly_payment_amount` were before, oldest change first.
   *
   * Rejects with NotFoundError, when it is read, if there is no such customer.
   */
  history(customerId: string | number, filters: HistoryFilters = {}): Pages<Change> {
    return new Pages(this.transport, pathOf("customer", customerId, "/history"), filters);
  }

  /**
   * The other ids of a customer, from an `alias` or `identify` of Segment's SDKs.
   *
   * Rejects with NotFoundError if nothing is known of this customer.
   */
  async aliases(customerId: string | number): Promise<Alias[]> {
    const { data } = await this.transport.send({ method: "GET", path: pathOf("customer", customerId, "/alias") });
    return data as unknown as Alias[];
  }

  /**
   * Separate one of its other ids from a customer: what is stored under it is no longer read as this customer's.
   *
   * Rejects with NotFoundError if it is not one of them.
   */
  async separate(customerId: string | number, previousId: string): Promise<void> {
    try {
      await this.transport.send({ method: "DELETE", path: pathOf("customer", customerId, pathOf("alias", previousId)) });
    } catch (error) {
      if (!(error instanceof NotFoundError && error.attempts > 1)) {
        throw error; // else an earlier attempt separated it, whose response was lost
      }
    }
  }

  /**
   * Erase a customer and every event of it; returns the number of events erased. Null if a retry found that an earlier
   * attempt had erased it, whose response was lost.
   *
   * Rejects with NotFoundError if nothing is known of this customer.
   */
  async erase(customerId: string | number): Promise<number | null> {
    try {
      const { metadata } = await this.transport.send({ method: "DELETE", path: pathOf("customer", customerId) });
      return (metadata["events"] as number | undefined) ?? 0;
    } catch (error) {
      if (error instanceof NotFoundError && error.attempts > 1) {
        return null;
      }
      throw error;
    }
  }
}
