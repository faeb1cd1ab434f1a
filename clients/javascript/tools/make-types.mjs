/** Makes src/openapi.ts from docs/openapi.json. `--check` only says whether it is stale. */
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const SOURCE = new URL("../../../docs/openapi.json", import.meta.url);
const TARGET = new URL("../src/openapi.ts", import.meta.url);
const HEADER = "/** The API. Made from docs/openapi.json by `tools/make-types.mjs`: do not change it here. */\n\n";
const SENT = "created_at?: number | string";

const written = astToString(await openapiTS(SOURCE));
if (!written.includes(SENT)) {
  throw new Error(`The generator writes something else now; there is no "${SENT}".`);
}
// What this library takes, and sends as ISO 8601.
const text = HEADER + written.replaceAll(SENT, "created_at?: Date | number | string");

if (!process.argv.includes("--check")) {
  await writeFile(TARGET, text);
} else if ((await readFile(TARGET, "utf8")) !== text) {
  console.error("src/openapi.ts is stale. Run: make clients-types");
  process.exit(1);
}
