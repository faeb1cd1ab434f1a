/** Where Node and browsers differ: timers, and the end of the process or the page. */

interface NodeProcess {
  on(event: "beforeExit", listener: () => void): void;
}

/** What is called at the end; `hidden` if it is a page that may come back. */
type AtExit = (hidden: boolean) => Promise<unknown>;

const waiting = new Map<object, AtExit>();
let watching = false;

/** Call `callback` when the process has nothing else to do, or whenever the page is hidden. Once for each `owner`. */
export function atExit(owner: object, callback: AtExit): void {
  waiting.set(owner, callback);
  if (watching) {
    return;
  }
  watching = true;
  if (typeof document !== "undefined") {
    document.addEventListener("visibilitychange", () => {
      if (isHidden()) {
        run(true);
      }
    });
    return;
  }
  (globalThis as { process?: NodeProcess }).process?.on?.("beforeExit", () => run(false));
}

function run(hidden: boolean): void {
  const callbacks = [...waiting.values()];
  waiting.clear(); // who takes more items registers again
  for (const callback of callbacks) {
    void callback(hidden);
  }
}

/** Whether this is a page that nobody sees. */
export function isHidden(): boolean {
  return typeof document !== "undefined" && document.visibilityState === "hidden";
}

/** Call back after so many seconds. A timer that does not keep the process lets Node end before. */
export function startTimer(
  seconds: number,
  callback: () => void,
  { keepsProcess }: { keepsProcess: boolean },
): { stop(): void } {
  const timer: unknown = setTimeout(callback, Math.max(0, seconds) * 1000);
  if (!keepsProcess) {
    (timer as { unref?: () => void }).unref?.();
  }
  return { stop: () => clearTimeout(timer as number) };
}
