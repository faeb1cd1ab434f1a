/** A real server and a proxy that breaks requests: `python -m tests.clients` starts both and says where they are. */
import { randomUUID } from "node:crypto";
import { beforeEach } from "node:test";

import { Traitly } from "../dist/esm/index.js";
import { waits } from "../dist/esm/backoff.js";

export const url = process.env.TRAITLY_TEST_URL;
export const key = process.env.TRAITLY_TEST_KEY;
export const proxy = process.env.TRAITLY_TEST_PROXY;
delete process.env.TRAITLY_URL;
delete process.env.TRAITLY_API_KEY;

/** The proxy's controls; see `tests/clients/faults.py` of the project. */
export const faults = {
  queue: (...list) => fetch(`${proxy}/_faults`, { method: "POST", body: JSON.stringify(list) }),
  status: (status, { times = 1, headers = {}, body = "" } = {}) =>
    faults.queue(...Array(times).fill({ fault: "status", status, headers, body })),
  requests: async () => (await fetch(`${proxy}/_requests`)).json(),
  forget: () => fetch(`${proxy}/_requests`, { method: "DELETE" }),
};

/** A client whose requests go through the proxy, and one whose requests do not. */
export const traitly = new Traitly({ url: proxy, key, timeout: 5 });
export const direct = new Traitly({ url, key });

/** Of a customer that no other test knows. */
export const newCustomerId = () => `c-${randomUUID()}`;

export async function all(iterable) {
  const items = [];
  for await (const item of iterable) {
    items.push(item);
  }
  return items;
}

export const countEvents = async (customerId) => (await all(direct.customers.events(customerId, { limit: 1000 }))).length;

export async function caught(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Waits between attempts are a tenth as long; those that Retry-After asks for stay. Each test begins without faults. */
beforeEach(async () => {
  waits.first = 0.025;
  waits.longest = 0.5;
  await faults.forget();
});
