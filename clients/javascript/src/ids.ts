/**
 * A new UUIDv7 (RFC 9562): unique, and in the order of time to the millisecond.
 *
 * Events get one when they are sent, so that a request can be sent twice and is stored once.
 */
export function newId(): string {
  const bytes = randomBytes(16);
  let time = Date.now();
  for (let i = 5; i >= 0; i--) {
    bytes[i] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
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
