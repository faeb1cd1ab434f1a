/** Compiled, not run: what users write type-checks, and what they must not write does not. */
import { Traitly, type Customer, type Event, type FeedEntry } from "traitly";

export async function use(traitly: Traitly): Promise<void> {
  const event: Event = await traitly.events.send({ customer_id: 123, name: "n", created_at: new Date(), anything: [1] });
  const success: 1 = event.success;
  const customer: Customer = await traitly.customers.update("123", { plan: "Atom", location: null });
  const amount: number | null = customer.monthly_payment_amount;
  for await (const entry of traitly.feed.follow({ type: ["event.created", "customer.erased"] })) {
    show(entry);
  }
  // @ts-expect-error - name is missing
  await traitly.events.send({ customer_id: "123" });
  // @ts-expect-error - a list that has no such filter
  traitly.customers.list({ shoe_size: 43 });
  // @ts-expect-error - that is no field
  void event.nmae;
  console.log(success, amount);
}

function show(entry: FeedEntry): string {
  return entry.type === "event.created" ? entry.data.name : entry.data.customer_id;
}
