/** A webhook of the real server, sent by its worker, verified here. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { BadRequestError, NetworkError, NotFoundError, Webhook, WebhookVerificationError } from "../dist/esm/index.js";
import { caught, direct, faults, newCustomerId, traitly } from "./helpers.mjs";

test("what the server signs verifies", { timeout: 40_000 }, async () => {
  const customer_id = newCustomerId();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const settings = { url: `http://127.0.0.1:${server.address().port}/`, types: ["event.created"], names: [customer_id] };
  const made = await direct.webhooks.create(settings);
  const event = await direct.events.send({ customer_id, name: customer_id });
  const [request, response] = await once(server, "request");
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  response.writeHead(204).end();
  await direct.webhooks.delete(made.id);
  server.close();
  server.closeAllConnections();
  const body = Buffer.concat(parts);
  const webhook = new Webhook(made.secret);
  assert.deepEqual((await webhook.verify(body, request.headers)).data, event);
  const error = await caught(webhook.verify(Buffer.concat([body, Buffer.from(" ")]), request.headers));
  assert.ok(error instanceof WebhookVerificationError);
});

test("a webhook is made, changed and deleted", async () => {
  const url = "http://127.0.0.1:9/";
  const created = await traitly.webhooks.create({ url, enabled: false });
  assert.match(created.secret, /^whsec_/);
  const kept = await traitly.webhooks.get(created.id);
  assert.deepEqual([kept.secret, kept.url, kept.types, kept.batch], [undefined, url, [], 1]);
  assert.ok((await traitly.webhooks.list()).some(({ id }) => id === created.id));
  const changed = await traitly.webhooks.update(created.id, { types: ["customer.erased"], batch: 10 });
  assert.deepEqual([changed.types, changed.batch, changed.enabled], [["customer.erased"], 10, false]);
  assert.ok((await caught(traitly.webhooks.update(created.id, { batch: 0 }))) instanceof BadRequestError);
  await traitly.webhooks.delete(created.id);
  assert.ok((await caught(traitly.webhooks.get(created.id))) instanceof NotFoundError);
  assert.ok((await caught(traitly.webhooks.delete(created.id))) instanceof NotFoundError);
});

test("a webhook is never made twice", async () => {
  const before = (await traitly.webhooks.list()).map(({ id }) => id);
  await faults.queue({ fault: "cut after" });
  const error = await caught(traitly.webhooks.create({ url: "http://127.0.0.1:9/", enabled: false }));
  assert.ok(error instanceof NetworkError);
  const made = (await traitly.webhooks.list()).filter(({ id }) => !before.includes(id));
  assert.equal(made.length, 1);
  await faults.queue({ fault: "cut after" });
  await traitly.webhooks.delete(made[0].id); // the second try finds it gone, and that is what was asked for
});
