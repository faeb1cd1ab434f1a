import assert from "node:assert/strict";
import { test } from "node:test";

import { BadRequestError, newId, NotFoundError, PayloadTooLargeError, RejectedError } from "../dist/esm/index.js";
import { all, caught, direct, faults, key, newCustomerId, traitly, url } from "./helpers.mjs";

const john = (customer_id) => ({ customer_id, name: "John Smith", email: "j@example.com", plan: "Starter" });

test("an event comes back as it is stored", async () => {
  const customer_id = newCustomerId();
  const event = await traitly.events.send({
    customer_id,
    name: "Logged in",
    created_at: new Date("2017-05-04T21:34:59Z"),
    custom_attributes: { device: "phone", screens: [1, 2] },
  });
  assert.equal(event.created_at, "1493933699");
  assert.deepEqual(event.custom_attributes, { device: "phone", screens: [1, 2] });
  assert.deepEqual(await traitly.events.get(event.id), event);
  assert.deepEqual(await all(traitly.events.list({ customer_id, name: "Logged in" })), [event]);
  await traitly.events.delete(event.id);
  assert.ok((await caught(traitly.events.get(event.id))) instanceof NotFoundError);
  assert.ok((await caught(traitly.events.delete(event.id))) instanceof NotFoundError);
});

test("ids with every kind of character are found", async () => {
  const customer_id = newCustomerId();
  const id = `a/b?c#d%20é ${customer_id}`;
  await traitly.events.send({ customer_id, name: "n", id });
  assert.equal((await traitly.events.get(id)).id, id);
});

test("a refused event says everything that is wrong", async () => {
  const error = await caught(traitly.events.send({ customer_id: "1", name: " ", created_at: 1493933699000 }));
  assert.ok(error instanceof BadRequestError);
  assert.equal(error.name, "BadRequestError");
  assert.deepEqual([error.status, error.type, error.attempts], [400, "validation_error", 1]);
  assert.deepEqual(error.errors.map(({ attr }) => attr).sort(), ["created_at", "name"]);
  assert.match(error.message, /milliseconds/);
  assert.ok(error.message.includes(error.requestId));
});

test("many events take few requests, and come back page by page", async () => {
  const customer_id = newCustomerId();
  const events = function* () {
    for (let i = 0; i < 2500; i++) {
      yield { customer_id, name: `n${i % 3}`, created_at: i };
    }
  };
  const result = await traitly.events.sendMany(events());
  assert.deepEqual([result.accepted, result.duplicates, result.rejected], [2500, 0, []]);
  assert.equal((await faults.requests()).length, 3);
  await faults.forget();
  const times = (await all(traitly.customers.events(customer_id, { limit: 1000 }))).map((event) => event.created_at);
  assert.deepEqual(times, Array.from({ length: 2500 }, (_, i) => String(i)));
  assert.equal((await faults.requests()).length, 3);
});

test("refused items are told apart by their place", async () => {
  const customer_id = newCustomerId();
  const events = Array.from({ length: 1500 }, (_, i) => ({ customer_id, name: "n", id: `${customer_id}-${i}` }));
  events[1200] = { customer_id };
  const error = await caught(traitly.events.sendMany(events));
  assert.ok(error instanceof RejectedError);
  assert.match(error.message, /^1 of 1500 items were rejected. Item 1200: 1200.name: This field/);
  const result = await traitly.events.sendMany(events, { throwOnRejected: false });
  assert.deepEqual([result.accepted, result.duplicates], [1499, 1499]);
  const [rejection] = result.rejected;
  assert.deepEqual([rejection.index, rejection.errors[0].attr, rejection.item.customer_id], [1200, "1200.name", customer_id]);
});

test("a batch of which nothing is stored is no other error", async () => {
  const result = await traitly.events.sendMany([{ name: "x" }, { customer_id: "1" }], { throwOnRejected: false });
  assert.deepEqual([result.accepted, result.rejected.map(({ index }) => index)], [0, [0, 1]]);
});

test("too large requests are halved, too large items rejected", async () => {
  const customer_id = newCustomerId();
  await faults.status(413);
  const result = await traitly.events.sendMany(Array(3).fill({ customer_id, name: "n" }));
  assert.equal(result.accepted, 3);
  assert.equal((await faults.requests()).length, 3);
  await faults.status(413, { times: 2 });
  const second = await traitly.events.sendMany(Array(2).fill({ customer_id, name: "n" }), { throwOnRejected: false });
  assert.deepEqual([second.accepted, second.rejected[0].index], [1, 0]);
  await faults.status(413);
  assert.ok((await caught(traitly.events.send({ customer_id, name: "n" }))) instanceof PayloadTooLargeError);
});

test("a list goes on where it was left", async () => {
  const customer_id = newCustomerId();
  await traitly.events.sendMany(Array.from({ length: 10 }, (_, i) => ({ customer_id, name: "n", created_at: i })));
  const first = traitly.customers.events(customer_id, { limit: 3 });
  let seen = 0;
  for await (const _ of first) {
    if (++seen === 5) {
      break;
    }
  }
  const rest = await all(traitly.customers.events(customer_id, { limit: 3, cursor: first.cursor }));
  assert.deepEqual(rest.map((event) => event.created_at), ["3", "4", "5", "6", "7", "8", "9"]);
  const some = { customer_id: [customer_id, "nobody"], name: "n", created_at: { gte: 3, lt: new Date(6000) }, sort: "-created_at" };
  assert.deepEqual((await all(traitly.events.list(some))).map((event) => event.created_at), ["5", "4", "3"]);
});

test("customers are created, updated, found and erased", async () => {
  const customer_id = newCustomerId();
  const created = await traitly.customers.upsert({
    ...john(customer_id),
    monthly_payment_amount: "99.50",
    location: "Berlin",
    custom_attributes: { role: "manager", seats: 3 },
  });
  assert.equal(created.monthly_payment_amount, 99.5);
  const updated = await traitly.customers.upsert({ ...john(customer_id), location: null, custom_attributes: { role: null } });
  assert.deepEqual([updated.location, updated.monthly_payment_amount, updated.custom_attributes], [null, 99.5, { seats: 3 }]);
  const changed = await traitly.customers.update(customer_id, { plan: customer_id });
  assert.deepEqual([changed.plan, changed.name], [customer_id, "John Smith"]);
  assert.deepEqual(await traitly.customers.get(customer_id), changed);
  const filters = { plan: customer_id, monthly_payment_amount: { gt: 99 }, custom_attributes: { seats: 3 } };
  assert.deepEqual(await all(traitly.customers.list(filters)), [changed]);
  await traitly.events.sendMany(Array(3).fill({ customer_id, name: "n" }));
  assert.equal(await traitly.customers.erase(customer_id), 3);
  assert.ok((await caught(traitly.customers.get(customer_id))) instanceof NotFoundError);
  assert.ok((await caught(traitly.customers.erase(customer_id))) instanceof NotFoundError);
});

test("many customers, some refused", async () => {
  const customer_id = newCustomerId();
  const result = await traitly.customers.upsertMany([john(customer_id), { customer_id }], { throwOnRejected: false });
  assert.equal(result.accepted, 1);
  assert.deepEqual(result.rejected[0].errors.map(({ attr }) => attr).sort(), ["1.email", "1.name", "1.plan"]);
});

test("a mistyped filter is an error, not everything", async () => {
  assert.match((await caught(all(traitly.customers.list({ shoe_size: 43 })))).message, /shoe_size/);
});

for (const bad of [NaN, Infinity, 1n, () => 1]) {
  test(`what JSON cannot say is refused before it is sent: ${String(bad)}`, async () => {
    const error = await caught(traitly.events.send({ customer_id: "1", name: "n", custom_attributes: { a: bad } }));
    assert.ok(error instanceof TypeError);
    assert.deepEqual(await faults.requests(), []);
  });
}

for (const id of ["", ".", ".."]) {
  test(`an id that a URL cannot carry is refused: ${JSON.stringify(id)}`, async () => {
    assert.match((await caught(direct.events.get(id))).message, /cannot be part of a URL/);
  });
}

test("new ids are UUIDs of version 7", () => {
  assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const made = Array.from({ length: 10_000 }, newId);
  assert.deepEqual(made, [...new Set(made)].sort());
  assert.ok(Math.abs(parseInt(newId().replace("-", "").slice(0, 12), 16) - Date.now()) < 1000);
});

test("a customer's history, events deleted by what they are, and what was probably meant", async () => {
  const customer_id = newCustomerId();
  await traitly.customers.upsert(john(customer_id));
  await traitly.customers.update(customer_id, { plan: "Atom" });
  const [change] = await all(traitly.customers.history(customer_id, { field: "plan" }));
  assert.deepEqual([change.before, change.after], ["Starter", "Atom"]);
  const events = Array.from({ length: 1100 }, (_, i) => ({ customer_id, name: `n${i % 2}`, created_at: i }));
  events[1050] = { customer_id, name: "n", createdAt: 5 };
  const { hints } = await traitly.events.sendMany(events);
  assert.deepEqual(hints.map(({ attr }) => attr), ["1050.createdAt"]);
  assert.equal(await traitly.events.deleteMany({ customer_id, name: "n0", created_at: { lt: 4 } }), 2);
  assert.ok((await caught(traitly.events.deleteMany({}))) instanceof BadRequestError);
});

test("the other ids of a customer", async () => {
  const customer_id = newCustomerId();
  await direct.customers.upsert(john(customer_id));
  const previousId = `anonymous/${customer_id}`;
  const answer = await fetch(`${url}/v1/alias`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${key}:`)}`, "Content-Type": "application/json" },
    body: JSON.stringify({ type: "alias", previousId, userId: customer_id }),
  });
  assert.equal(answer.status, 200);
  const [alias] = await direct.customers.aliases(customer_id);
  assert.deepEqual([alias.previous_id, alias.reason], [previousId, "alias"]);
  await direct.customers.separate(customer_id, previousId);
  assert.deepEqual(await direct.customers.aliases(customer_id), []);
  assert.ok((await caught(direct.customers.separate(customer_id, previousId))) instanceof NotFoundError);
});
