/** The feed, read from a real server, through a proxy that breaks requests. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { all, caught, direct, faults, newCustomerId, traitly } from "./helpers.mjs";

/** The cursor of now. */
async function now() {
  const feed = direct.feed.list({ since: Date.now() / 1000 - 1 });
  await all(feed);
  return feed.cursor;
}

/** What a test stored itself: the account is everybody's. */
const entriesOf = async (feed, customer_id) => (await all(feed)).filter(({ data }) => data.customer_id === customer_id);

const store = (customer_id, length, name = "n") =>
  direct.events.sendMany(Array.from({ length }, (_, i) => ({ customer_id, name, created_at: i })));

test("every change comes in order", async () => {
  const [customer_id, cursor] = [newCustomerId(), await now()];
  const customer = await traitly.customers.upsert({ customer_id, name: "N", email: "n@example.com", plan: "p" });
  const event = await traitly.events.send({ customer_id, name: "n" });
  const entries = await entriesOf(traitly.feed.list({ cursor }), customer_id);
  assert.deepEqual(entries.map(({ type }) => type), ["customer.updated", "event.created"]);
  assert.deepEqual(entries.map(({ data }) => data), [customer, event]);
  await traitly.customers.erase(customer_id);
  const [last] = await entriesOf(traitly.feed.list({ cursor, type: "customer.erased" }), customer_id);
  assert.deepEqual(last.data, { customer_id });
});

test("nothing is missed or doubled whatever fails", async () => {
  const [customer_id, cursor] = [newCustomerId(), await now()];
  await store(customer_id, 30);
  await faults.queue({ fault: "none" }, { fault: "cut in body" }, { fault: "status", status: 503 }, { fault: "cut after" });
  const entries = await entriesOf(traitly.feed.list({ cursor, limit: 4 }), customer_id);
  const times = entries.map(({ data }) => Number(data.created_at)).sort((a, b) => a - b);
  assert.deepEqual(times, Array.from({ length: 30 }, (_, i) => i));
});

test("it goes on where it was left", async () => {
  const [customer_id, cursor] = [newCustomerId(), await now()];
  await store(customer_id, 10);
  const feed = direct.feed.list({ cursor, limit: 4 });
  const before = [];
  for await (const { data } of feed) {
    if (before.push(data.id) === 6) {
      break;
    }
  }
  const after = (await all(direct.feed.list({ cursor: feed.cursor }))).map(({ data }) => data.id);
  assert.deepEqual(before.slice(4), after.slice(0, 2)); // the page was not handled to its end
  assert.equal(new Set([...before, ...after]).size, 10);
});

test("names that are rare are found", async () => {
  const [customer_id, cursor] = [newCustomerId(), await now()];
  await store(customer_id, 12_000, "frequent");
  await store(customer_id, 1, "rare");
  assert.equal((await all(direct.feed.list({ cursor, name: "rare" }))).length, 1);
});

test("following waits for what is new, until it is aborted", async () => {
  const [customer_id, cursor] = [newCustomerId(), await now()];
  setTimeout(() => direct.events.send({ customer_id, name: "n" }), 500);
  setTimeout(() => direct.events.send({ customer_id, name: "m" }), 1000);
  const stop = new AbortController();
  const names = [];
  const error = await caught(
    (async () => {
      for await (const { data } of traitly.feed.follow({ cursor, signal: stop.signal })) {
        if (names.push(data.name) === 2) {
          setTimeout(() => stop.abort(), 200);
        }
      }
    })(),
  );
  assert.deepEqual(names, ["n", "m"]);
  assert.equal(error.name, "AbortError");
});

test("a server that does not hold requests is not hammered", async () => {
  const [customer_id, cursor] = [newCustomerId(), await now()];
  const body = JSON.stringify({ data: [], metadata: { next_cursor: cursor }, retrieved: "1", object: "feed" });
  await faults.status(200, { times: 2, body });
  setTimeout(() => direct.events.send({ customer_id, name: "n" }), 1200);
  const begin = performance.now();
  for await (const _ of traitly.feed.follow({ cursor })) {
    break;
  }
  assert.ok(performance.now() - begin >= 1900);
});
