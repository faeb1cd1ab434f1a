/** A webhook of the real server, sent by its worker, verified here. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { Webhook, WebhookVerificationError } from "../dist/esm/index.js";
import { caught, direct, key, newCustomerId, url } from "./helpers.mjs";

test("what the server signs verifies", { timeout: 40_000 }, async () => {
  const customer_id = newCustomerId();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const settings = { url: `http://127.0.0.1:${server.address().port}/`, types: ["event.created"], names: [customer_id] };
  const headers = { Authorization: `Token ${key}`, "Content-Type": "application/json" };
  const answer = await fetch(`${url}/api/v1/webhook`, { method: "POST", headers, body: JSON.stringify(settings) });
  const [made] = (await answer.json()).data;
  const event = await direct.events.send({ customer_id, name: customer_id });
  const [request, response] = await once(server, "request");
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  response.writeHead(204).end();
  await fetch(`${url}/api/v1/webhook/${made.id}`, { method: "DELETE", headers });
  server.close();
  server.closeAllConnections();
  const body = Buffer.concat(parts);
  const webhook = new Webhook(made.secret);
  assert.deepEqual((await webhook.verify(body, request.headers)).data, event);
  const error = await caught(webhook.verify(Buffer.concat([body, Buffer.from(" ")]), request.headers));
  assert.ok(error instanceof WebhookVerificationError);
});
