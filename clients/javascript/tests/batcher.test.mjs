/** The background batcher: bounded, patient, flushed when the process ends. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

import { QueueFullError, RejectedError, Traitly, UndeliveredError } from "../dist/esm/index.js";
import { all, caught, countEvents, direct, faults, key, newCustomerId, traitly, url } from "./helpers.mjs";

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function until(condition) {
  for (const begin = Date.now(); !condition(); await sleep(0.02)) {
    assert.ok(Date.now() - begin < 10_000, "it took too long");
  }
}

/** A batcher whose server is not there, and what its onError was told. */
function away(options) {
  const told = [];
  const client = new Traitly({ url: "http://127.0.0.1:9", key });
  return { told, batcher: client.batcher({ onError: (items, error) => told.push({ items, error }), ...options }) };
}

test("items are sent together", async () => {
  const customer_id = newCustomerId();
  const batcher = traitly.batcher();
  for (let i = 0; i < 100; i++) {
    await batcher.send({ customer_id, name: "n", created_at: i });
  }
  await batcher.upsert({ customer_id, name: "N", email: "n@example.com", plan: "p", location: "Rome" });
  await batcher.flush();
  assert.deepEqual(batcher.stats, { pending: 0, delivered: 101, failed: 0 });
  assert.equal((await faults.requests()).length, 2);
  const times = (await all(direct.customers.events(customer_id))).map((event) => event.created_at);
  assert.deepEqual(times, Array.from({ length: 100 }, (_, i) => String(i)));
  assert.equal((await direct.customers.get(customer_id)).location, "Rome");
  await batcher.close();
});

test("items go after the interval, full batches at once", async () => {
  const customer_id = newCustomerId();
  const soon = traitly.batcher({ interval: 0.2 });
  await soon.send({ customer_id, name: "n" });
  assert.deepEqual(await faults.requests(), []);
  await until(() => soon.stats.delivered === 1);
  const full = traitly.batcher({ interval: 3600, batchSize: 10 });
  for (let i = 0; i < 25; i++) {
    await full.send({ customer_id, name: "n" });
  }
  await until(() => full.stats.delivered === 20);
  assert.equal(full.stats.pending, 5);
  await full.close();
});

test("the time of an event is when it happened", async () => {
  const customer_id = newCustomerId();
  const batcher = traitly.batcher({ interval: 1.5 });
  const begin = Date.now() / 1000;
  await batcher.send({ customer_id, name: "n" });
  const end = Date.now() / 1000;
  await until(() => batcher.stats.delivered === 1);
  const [event] = await all(direct.customers.events(customer_id));
  assert.ok(begin <= Number(event.created_at) && Number(event.created_at) <= end);
});

for (const fault of [{ fault: "cut before" }, { fault: "cut after" }, { fault: "status", status: 503 }]) {
  test(`nothing is lost or doubled while the server is away: ${fault.fault}`, async () => {
    const customer_id = newCustomerId();
    await faults.queue(...Array(8).fill(fault)); // more than maxRetries
    const batcher = traitly.batcher();
    for (let i = 0; i < 50; i++) {
      await batcher.send({ customer_id, name: "n" });
    }
    await batcher.close();
    assert.equal(await countEvents(customer_id), 50);
  });
}

test("refused items are reported and the others stored", async () => {
  const customer_id = newCustomerId();
  const told = [];
  const batcher = traitly.batcher({
    onError: (items, error) => {
      told.push({ items, error });
      throw new Error("this must not matter");
    },
  });
  const { error: log } = console;
  console.error = () => undefined;
  await batcher.send({ customer_id, name: "n" });
  await batcher.send({ customer_id, name: " " });
  await batcher.flush();
  await batcher.send({ customer_id, name: "n" });
  await batcher.close();
  console.error = log;
  assert.deepEqual(batcher.stats, { pending: 0, delivered: 2, failed: 1 });
  assert.equal(told.length, 1);
  assert.deepEqual(told[0].items.map(({ name }) => name), [" "]);
  assert.ok(told[0].error instanceof RejectedError);
});

test("without onError failures are logged", async () => {
  const { error: log } = console;
  const lines = [];
  console.error = (line) => lines.push(line);
  const batcher = new Traitly({ url, key: "wrong" }).batcher();
  await batcher.send({ customer_id: "1", name: "n" });
  await batcher.close();
  console.error = log;
  assert.match(lines[0], /^traitly: 1 items were not stored: 401 client_error: Unknown, revoked or expired API key/);
});

test("a full queue waits and then refuses", async () => {
  const { batcher, told } = away({ maxItems: 3, maxBlock: 0.2 });
  for (let i = 0; i < 3; i++) {
    await batcher.send({ customer_id: "1", name: "n" });
  }
  const begin = performance.now();
  const error = await caught(batcher.send({ customer_id: "1", name: "n" }));
  assert.ok(error instanceof QueueFullError);
  assert.ok(performance.now() - begin >= 190);
  const flushed = await caught(batcher.flush(0.1));
  assert.ok(flushed instanceof UndeliveredError);
  assert.equal(batcher.stats.pending, 3);
  const closed = await caught(batcher.close(0.2));
  assert.deepEqual([closed.name, closed.pending, told[0].items.length], ["UndeliveredError", 3, 3]);
  assert.match((await caught(batcher.send({ customer_id: "1", name: "n" }))).message, /closed/);
});

test("the queue is bounded in size too, and room is waited for", async () => {
  const { batcher } = away({ maxSize: 3000, maxBlock: 0 });
  const large = { customer_id: "1", name: "n", custom_attributes: { a: "x".repeat(1000) } };
  await batcher.send(large);
  await batcher.send(large);
  assert.ok((await caught(batcher.send(large))) instanceof QueueFullError);
  await caught(batcher.close(0));
  const customer_id = newCustomerId();
  await faults.queue({ fault: "slow", seconds: 0.5 });
  const small = traitly.batcher({ maxItems: 1, batchSize: 1 });
  await Promise.all(Array.from({ length: 3 }, () => small.send({ customer_id, name: "n" })));
  await small.close();
  assert.equal(await countEvents(customer_id), 3);
});

test("too large requests are halved", async () => {
  const customer_id = newCustomerId();
  await faults.status(413);
  const batcher = traitly.batcher();
  for (let i = 0; i < 3; i++) {
    await batcher.send({ customer_id, name: "n" });
  }
  await batcher.close();
  assert.equal(await countEvents(customer_id), 3);
});

const run = (script) => promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 60_000 });
const start = (at) => `
  import { Traitly } from ${JSON.stringify(new URL("../dist/esm/index.js", import.meta.url).href)};
  const batcher = new Traitly({ url: ${JSON.stringify(at)}, key: ${JSON.stringify(key)} }).batcher({ interval: 60, exitTimeout: 1 });`;

test("the queue is sent at the end of the process", async () => {
  const customer_id = newCustomerId();
  const begin = performance.now();
  const { stderr } = await run(`${start(url)}
    for (let i = 0; i < 5; i++) await batcher.send({ customer_id: "${customer_id}", name: "n" });`);
  assert.equal(stderr, "");
  assert.ok(performance.now() - begin < 30_000); // not after the interval
  assert.equal(await countEvents(customer_id), 5);
});

test("what cannot be sent at the end is logged, and the process ends", async () => {
  const { stderr } = await run(`${start("http://127.0.0.1:9")}
    await batcher.send({ customer_id: "1", name: "n" });`);
  assert.match(stderr, /traitly: 1 items were not stored: 1 items were not delivered in time/);
});
