/* Work in slices, so that no task keeps the browser from its user for long. */

const SLICE_MS = 5;

/** Let the browser do what waits. */
export function breathe() {
  if (globalThis.scheduler?.yield) return scheduler.yield();
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Do something with each item, a few milliseconds at a time.
    @template T @param {Iterable<T>} items @param {(item: T) => void} work */
export async function eachInSlices(items, work) {
  let ends = performance.now() + SLICE_MS;
  for (const item of items) {
    if (performance.now() >= ends) {
      await breathe();
      ends = performance.now() + SLICE_MS;
    }
    work(item);
  }
}

/** @param {number} ms @param {AbortSignal} [signal] ends the wait early */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

/** Run at most once at a time, and once more if asked meanwhile.
    @param {() => Promise<void>} work */
export function oneAtATime(work) {
  let running = null;
  let again = false;
  return function run() {
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      do {
        again = false;
        await work();
      } while (again);
    })().finally(() => {
      running = null;
    });
    return running;
  };
}
