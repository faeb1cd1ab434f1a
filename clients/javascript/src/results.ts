import { RejectedError, type ErrorDetail } from "./errors.js";
import type { Hint } from "./types.js";

/** An item that was refused: its place in what you passed, the item, and what is wrong with it. */
export interface Rejection {
  index: number;
  item: object;
  errors: ErrorDetail[];
}

/** What became of many items. */
export class BatchResult {
  /** How many are stored, the duplicates too. */
  accepted = 0;
  /** How many of the accepted had been stored before. */
  duplicates = 0;
  rejected: Rejection[] = [];
  /** Fields that were kept as custom attributes, and were probably meant to be others (`3.createdAt`). */
  hints: Hint[] = [];

  /** Throw `RejectedError` if any item was refused. */
  throwForRejected(): void {
    if (this.rejected.length > 0) {
      throw new RejectedError(this);
    }
  }
}

/** One page of a list. */
export interface Page<T> {
  data: T[];
  /** Where to go on: pass it as `cursor`. Null on the last page of a list; the feed always has one. */
  nextCursor: string | null;
  metadata: Record<string, unknown>;
}
