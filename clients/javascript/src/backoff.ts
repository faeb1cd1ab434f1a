import { setAttempts, type TraitlyError } from "./errors.js";

export const waits = {
  /** Seconds before the first retry. */
  first: 0.25,
  longest: 30,
  /** A longer Retry-After is not slept through: the error is thrown, and its `retryAfter` says when. */
  longestRetryAfter: 60,
};

/**
 * The seconds to wait before attempt number `attempt` (the first retry is 2).
 *
 * They double from 0.25 to 30 s, and each is cut by up to a half at random, so that clients that failed together do not
 * come back together. `Retry-After` is the least; the random part then comes on top of it.
 */
export function waitBefore(attempt: number, retryAfter: number | null): number {
  const ceiling = Math.min(waits.longest, waits.first * 2 ** Math.min(attempt - 2, 20));
  const backoff = ceiling * (0.5 + Math.random() / 2);
  return retryAfter !== null && retryAfter >= backoff ? retryAfter + backoff : backoff;
}

/** The seconds to wait after attempt number `attempt` failed; throws the error if there is no other. */
export function waitAfter(error: TraitlyError, attempt: number, maxRetries: number): number {
  const tooLong = error.retryAfter !== null && error.retryAfter > waits.longestRetryAfter;
  if (!error.retryable || attempt > maxRetries || tooLong) {
    setAttempts(error, attempt);
    throw error;
  }
  return waitBefore(attempt + 1, error.retryAfter);
}

/** Wait; rejects with the signal's reason when it is aborted. */
export function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    if (signal?.aborted) {
      stop();
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}
