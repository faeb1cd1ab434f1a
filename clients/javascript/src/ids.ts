const MAX_PER_MILLISECOND = 0xfff; // 12 bits
let lastTime = 0;
let counter = 0;

/**
 * A new UUIDv7 (RFC 9562): unique, and in the order in which they are made.
 *
 * Events get one when they are sent, so that a request can be sent twice and is stored once. Those of one batch that have
 * the same time are listed in the order of their ids.
 */
export function newId(): string {
  const bytes = randomBytes(16);
  if (Date.now() > lastTime) {
    lastTime = Date.now();
    counter = 0;
  } else if (++counter > MAX_PER_MILLISECOND) {
    lastTime += 1;
    counter = 0;
  }
  let time = lastTime;
  for (let i = 5; i >= 0; i--) {
    bytes[i] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  if (globalThis.crypto) {
    return globalThis.crypto.getRandomValues(bytes);
  }
  // Node 18 has no global crypto. Ids are unique, not secret, for which Math.random is good enough.
  return bytes.map(() => Math.floor(Math.random() * 256));
}
