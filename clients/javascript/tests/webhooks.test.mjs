/** Verification of webhooks; the signatures are made here as Standard Webhooks 1.0 says. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { Webhook, WebhookVerificationError } from "../dist/esm/index.js";
import { caught } from "./helpers.mjs";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = `whsec_${Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ").toString("base64")}`;
const BODY = JSON.stringify({ type: "event.created", timestamp: "1493933699", data: { name: "é" } });

function headers({ body = BODY, secret = SECRET, age = 0, ...other } = {}) {
  const timestamp = String(Math.floor(Date.now() / 1000) - age);
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`msg_1.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}`, ...other };
}

test("the specification's own example verifies", async () => {
  const webhook = new Webhook(SECRET, { tolerance: Infinity });
  const body = '{"test": 2432232314}';
  const given = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  assert.deepEqual(await webhook.verify(body, given), { test: 2432232314 });
});

test("a signed body is given back, as text and as bytes, with headers of every kind", async () => {
  const webhook = new Webhook(SECRET);
  for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY)]) {
    assert.deepEqual(await webhook.verify(body, new Headers(headers())), JSON.parse(BODY));
  }
  const shouted = Object.fromEntries(Object.entries(headers()).map(([name, value]) => [name.toUpperCase(), [value]]));
  assert.ok(await webhook.verify(BODY, shouted));
});

test("one of several signatures and of several secrets is enough", async () => {
  const given = headers();
  given["webhook-signature"] = `v1a,AAAA v1,!! v1,${"A".repeat(44)} ${given["webhook-signature"]}`;
  assert.ok(await new Webhook(SECRET).verify(BODY, given));
  assert.ok(await new Webhook([OTHER, SECRET]).verify(BODY, headers()));
  assert.ok(await new Webhook([OTHER, SECRET]).verify(BODY, headers({ secret: OTHER })));
  assert.ok(await new Webhook(SECRET, { tolerance: 3600 }).verify(BODY, headers({ age: 400 })));
});

for (const [body, make, message] of [
  [`${BODY} `, () => headers(), /No signature matches/],
  [BODY, () => headers({ secret: OTHER }), /No signature matches/],
  [BODY, () => headers({ "webhook-id": "msg_2" }), /No signature matches/],
  [BODY, () => headers({ "webhook-signature": "" }), /No signature matches/],
  [BODY, () => headers({ age: 400 }), /40. s old/],
  [BODY, () => headers({ age: -400 }), /s ahead/],
  [BODY, () => headers({ "webhook-timestamp": "yesterday" }), /not a time/],
  [BODY, () => ({}), /webhook-id is missing/],
  ["no json", () => headers({ body: "no json" }), /not JSON/],
]) {
  test(`everything else is refused: ${message}`, async () => {
    const error = await caught(new Webhook(SECRET).verify(body, make()));
    assert.ok(error instanceof WebhookVerificationError);
    assert.match(error.message, message);
  });
}

for (const secret of ["", "whsec_", "whsec_!!", []]) {
  test(`what is no secret is refused at once: ${JSON.stringify(secret)}`, () => {
    assert.throws(() => new Webhook(secret), /secret/);
  });
}
