/** What happens when requests fail, with a proxy that makes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import * as api from "../dist/esm/index.js";
import { waitBefore, waits } from "../dist/esm/backoff.js";
import { all, caught, countEvents, faults, key, newCustomerId, proxy, traitly, url } from "./helpers.mjs";

const { Traitly } = api;

for (const fault of [
  { fault: "status", status: 503 },
  { fault: "status", status: 502, body: "<html>Bad gateway</html>" },
  { fault: "cut before" },
  { fault: "cut after" },
  { fault: "cut in body" },
]) {
  test(`an event is stored once whatever fails: ${JSON.stringify(fault)}`, async () => {
    const customer_id = newCustomerId();
    await faults.queue(fault, fault);
    const event = await traitly.events.send({ customer_id, name: "Logged in" });
    assert.equal(event.success, 1);
    const requests = await faults.requests();
    assert.equal(requests.length, 3);
    assert.equal(new Set(requests.map(({ body }) => body)).size, 1);
    assert.equal(await countEvents(customer_id), 1);
  });
}

test("a batch is stored once whatever fails", async () => {
  const customer_id = newCustomerId();
  await faults.queue({ fault: "cut after" }, { fault: "cut in body" }, { fault: "status", status: 503 });
  const result = await traitly.events.sendMany(Array(10).fill({ customer_id, name: "n" }));
  assert.deepEqual([result.accepted, result.duplicates], [10, 10]); // the first attempt had stored them
  assert.equal(await countEvents(customer_id), 10);
});

test("a slow answer is asked for again, one that stays slow is a timeout", async () => {
  const customer_id = newCustomerId();
  await faults.queue({ fault: "slow", seconds: 2 });
  await new Traitly({ url: proxy, key, timeout: 0.5 }).events.send({ customer_id, name: "n" });
  assert.equal(await countEvents(customer_id), 1);
  await faults.queue({ fault: "slow", seconds: 1 }, { fault: "slow", seconds: 1 });
  const error = await caught(new Traitly({ url: proxy, key, timeout: 0.3, maxRetries: 1 }).customers.list().page());
  assert.ok(error instanceof api.RequestTimeoutError);
  assert.match(error.message, /did not answer GET \/customer in 0.3 s \(tried 2 times\)/);
});

for (const [header, least, most] of [
  [() => "1", 1, 3],
  [() => new Date(Date.now() + 2000).toUTCString(), 0.9, 4],
]) {
  test(`Retry-After is honoured: ${header()}`, async () => {
    await faults.status(429, { headers: { "Retry-After": header() } });
    const begin = performance.now();
    await traitly.events.send({ customer_id: newCustomerId(), name: "n" });
    const seconds = (performance.now() - begin) / 1000;
    assert.ok(least <= seconds && seconds < most, `took ${seconds} s`);
  });
}

test("a long Retry-After is thrown, not slept through", async () => {
  await faults.status(429, { headers: { "Retry-After": "3600" } });
  const error = await caught(traitly.customers.get("1"));
  assert.ok(error instanceof api.RateLimitError);
  assert.equal(error.retryAfter, 3600);
  assert.equal((await faults.requests()).length, 1);
});

test("there is an end to retries", async () => {
  await faults.status(503, { times: 6 });
  const error = await caught(traitly.customers.get("1"));
  assert.ok(error instanceof api.ServerError);
  assert.match(error.message, /^503 unexpected_response.*\(tried 6 times\)$/);
  assert.equal(error.attempts, 6);
  assert.equal((await faults.requests()).length, 6);
});

for (const status of [400, 401, 403, 404, 405, 413, 415, 501]) {
  test(`what will not pass is not retried: ${status}`, async () => {
    await faults.status(status);
    const error = await caught(traitly.customers.get("1"));
    assert.ok(error instanceof api.APIError);
    assert.equal(error.status, status);
    assert.equal((await faults.requests()).length, 1);
  });
}

test("a page is read again", async () => {
  const customer_id = newCustomerId();
  await traitly.events.sendMany(Array.from({ length: 6 }, (_, i) => ({ customer_id, name: "n", created_at: i })));
  await faults.queue({ fault: "none" }, { fault: "cut in body" }, { fault: "status", status: 503 });
  assert.equal((await all(traitly.customers.events(customer_id, { limit: 2 }))).length, 6);
});

test("an erasure whose answer was lost is done", async () => {
  const customer_id = newCustomerId();
  const event = await traitly.events.send({ customer_id, name: "n" });
  await faults.queue({ fault: "cut after" });
  await traitly.events.delete(event.id);
  await traitly.events.send({ customer_id, name: "n" });
  await faults.queue({ fault: "cut after" });
  assert.equal(await traitly.customers.erase(customer_id), null);
});

test("progress of a batch that breaks off is known", async () => {
  const customer_id = newCustomerId();
  await faults.queue({ fault: "none" }, { fault: "status", status: 503 });
  const impatient = new Traitly({ url: proxy, key, maxRetries: 0 });
  const error = await caught(impatient.events.sendMany(Array(1500).fill({ customer_id, name: "n" })));
  assert.ok(error instanceof api.ServerError);
  assert.equal(error.result.accepted, 1000);
});

test("nobody there is said so", async () => {
  const error = await caught(new Traitly({ url: "http://127.0.0.1:9", key, maxRetries: 1 }).customers.get("1"));
  assert.ok(error instanceof api.NetworkError);
  assert.match(error.message, /^GET http:\/\/127.0.0.1:9\/api\/v1\/customer\/1 failed: .+ \(tried 2 times\)$/);
});

test("a wrong key, a page of something else, a redirect", async () => {
  const error = await caught(new Traitly({ url, key: "wrong" }).customers.get("1"));
  assert.ok(error instanceof api.AuthenticationError);
  await faults.status(200, { body: "<html>Hotel</html>", headers: { "Content-Type": "text/html" } });
  assert.match((await caught(traitly.customers.get("1"))).message, /This is not Traitly's API.*text\/html.*Is the url right/);
  await faults.status(301, { headers: { Location: "https://elsewhere.example.com/" } });
  assert.match((await caught(traitly.customers.get("1"))).message, /redirects to https:\/\/elsewhere.example.com\//);
});

test("waits double and are random and bounded", () => {
  Object.assign(waits, { first: 0.25, longest: 30 });
  const range = (attempt, after) => {
    const seen = Array.from({ length: 200 }, () => waitBefore(attempt, after));
    return [Math.min(...seen), Math.max(...seen)];
  };
  for (const [attempt, most] of [[2, 0.25], [3, 0.5], [4, 1], [20, 30], [5000, 30]]) {
    const [least, greatest] = range(attempt, null);
    assert.ok(most / 2 <= least && least < greatest && greatest <= most);
  }
  const [least, greatest] = range(2, 10);
  assert.ok(10 < least && least < greatest && greatest <= 10.25);
});

for (const [given, message] of [
  [{ key: "k" }, /Say where the server is/],
  [{ url: "https://t.example.com" }, /An API key is needed/],
  [{ url: "t.example.com", key: "k" }, /is not the URL of a server/],
  [{ url: "https://t.example.com", key: "a b" }, /characters that no key has/],
  [{ url: "https://t.example.com?x=1", key: "k" }, /has a query/],
  [{ url: "https://t.example.com", key: "k", timeout: NaN }, /timeout/],
]) {
  test(`settings that make no sense: ${message}`, () => {
    assert.throws(() => new Traitly(given), message);
  });
}

test("settings come from the environment", async () => {
  Object.assign(process.env, { TRAITLY_URL: `${url}/api/v1/`, TRAITLY_API_KEY: key });
  try {
    const client = new Traitly();
    await client.customers.list({ limit: 1 }).page();
    assert.ok(!JSON.stringify(client).includes(key));
    assert.ok(!inspect(client, { depth: null, showHidden: true }).includes(key));
  } finally {
    delete process.env.TRAITLY_URL;
    delete process.env.TRAITLY_API_KEY;
  }
});
