import { setImmediate } from "node:timers/promises";

/** How long work may hold the event loop, in milliseconds. */
const sliceMs = 5;

/** Answers a function that lets other work run, when the last time is more than a slice ago. */
export function createPause(): () => Promise<void> | undefined {
  let began = performance.now();
  const pause = async (): Promise<void> => {
    await setImmediate();
    began = performance.now();
  };
  return () => (performance.now() - began < sliceMs ? undefined : pause());
}
