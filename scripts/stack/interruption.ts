import { constants } from "node:os";
import { processTree, signalAll } from "./processes.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A Ctrl-C arrives from the terminal, from npm and from run.mjs: within this time they are one. */
const onePressMs = 1_000;

/** What was asked of the process from outside. */
export type Interruption = {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP, with the signal's name as the reason. */
  readonly signal: AbortSignal;
  /** The shell's exit code for the signal that came, 128 + its number, or undefined if none came. */
  exitCode(): number | undefined;
};

const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** Turns stop signals into an abort. A second one kills this process and everything below it at once. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  let first: { signal: NodeJS.Signals; at: number } | undefined;
  for (const signal of signals) {
    process.on(signal, () => {
      if (!first) {
        first = { signal, at: performance.now() };
        controller.abort(signal);
      } else if (performance.now() - first.at > onePressMs) {
        signalAll(
          processTree(process.pid).filter(({ pid }) => pid !== process.pid),
          "SIGKILL",
        );
        process.exit(exitCodeOf(signal));
      }
    });
  }
  return { signal: controller.signal, exitCode: () => first && exitCodeOf(first.signal) };
}
