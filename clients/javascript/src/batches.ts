import { PayloadTooLargeError, TraitlyError, type ErrorDetail } from "./errors.js";
import { BatchResult } from "./results.js";
import type { Envelope, Transport } from "./transport.js";
import type { Hint } from "./types.js";
import { toJson } from "./values.js";

export const MAX_ITEMS = 1000;
export const MAX_CHARACTERS = 4 * 1024 * 1024;

/** An item with its place in the whole, and its JSON. */
export interface Numbered {
  index: number;
  item: object;
  text: string;
}

export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** Send all of them, in order; an error has what was done before it in `error.result`. */
export async function sendMany(transport: Transport, path: string, items: Items<object>): Promise<BatchResult> {
  const result = new BatchResult();
  for await (const run of runs(items)) {
    try {
      await sendRun(transport, path, run, result);
    } catch (error) {
      if (error instanceof TraitlyError) {
        error.result = result;
      }
      throw error;
    }
  }
  return result;
}

async function sendRun(transport: Transport, path: string, run: Numbered[], result: BatchResult): Promise<void> {
  let body: Envelope;
  try {
    body = await transport.send({ method: "POST", path, body: toBody(run.map(({ text }) => text)) });
  } catch (error) {
    if (!(error instanceof PayloadTooLargeError)) {
      throw error;
    }
    const [first] = run;
    if (run.length === 1 && first) {
      result.rejected.push({ index: first.index, item: first.item, errors: error.errors });
      return;
    }
    const middle = run.length >> 1; // the server may be set to read less at once
    await sendRun(transport, path, run.slice(0, middle), result);
    await sendRun(transport, path, run.slice(middle), result);
    return;
  }
  readResult(body, run, result);
}

/** A JSON array of items that are JSON already. */
export function toBody(texts: string[]): string {
  return `[${texts.join(",")}]`;
}

/** Add the response to `result`. `run` is what was sent. */
export function readResult(body: Envelope, run: Numbered[], result: BatchResult): void {
  const refused = body.data.filter((row) => row["success"] === 0 && "errors" in row);
  for (const row of refused) {
    const place = row["index"] as number;
    const { index, item } = run[place]!;
    result.rejected.push({ index, item, errors: renumbered(row["errors"] as ErrorDetail[], place, index) });
  }
  result.accepted += run.length - refused.length;
  result.duplicates += (body.metadata["duplicates"] as number | undefined) ?? 0;
  for (const hint of (body.metadata["hints"] ?? []) as Hint[]) {
    const place = parseInt(hint.attr);
    result.hints.push({ ...hint, attr: `${run[place]!.index}${hint.attr.slice(String(place).length)}` });
  }
}

/** `attr` starts with the item's place in the request, which is not its place in the whole. */
function renumbered(errors: ErrorDetail[], place: number, index: number): ErrorDetail[] {
  return errors.map((error) => ({
    ...error,
    attr: error.attr?.startsWith(String(place)) ? `${index}${error.attr.slice(String(place).length)}` : error.attr,
  }));
}

async function* runs(items: Items<object>): AsyncGenerator<Numbered[], void, undefined> {
  let run: Numbered[] = [];
  let size = 0;
  let index = 0;
  for await (const item of items) {
    const text = toJson(item);
    if (run.length > 0 && (run.length === MAX_ITEMS || size + text.length > MAX_CHARACTERS)) {
      yield run;
      run = [];
      size = 0;
    }
    run.push({ index: index++, item, text });
    size += text.length;
  }
  if (run.length > 0) {
    yield run;
  }
}
