import type { Page } from "./results.js";
import type { Transport } from "./transport.js";

/**
 * A list. Iterate over its items with `for await`; pages are fetched as they are needed.
 *
 * `cursor` is where the page starts whose items you are being given: keep it, and pass it to the same call later to go on
 * there.
 */
export class Pages<T> implements AsyncIterable<T> {
  cursor: string | null;

  constructor(
    private readonly transport: Transport,
    private readonly path: string,
    private readonly filters: { cursor?: string | null | undefined },
  ) {
    this.cursor = filters.cursor ?? null;
  }

  /** Each item, to the end of the list. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) {
      yield* page.data;
    }
  }

  /** Each page, to the end of the list. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    for (;;) {
      const page = await this.page();
      yield page;
      if (page.nextCursor === null) {
        return;
      }
      this.cursor = page.nextCursor;
    }
  }

  /** The page at `cursor` alone. */
  async page(): Promise<Page<T>> {
    const filters = { ...this.filters, cursor: this.cursor };
    const { data, metadata } = await this.transport.send({ method: "GET", path: this.path, filters });
    return { data: data as T[], nextCursor: (metadata["next_cursor"] as string | undefined) ?? null, metadata };
  }
}
