// The whole local stack around one piece of work: everything that is started here is gone when `work` is done.
import { buildFunctions } from "./build.ts";
import { startEmulators } from "./emulators.ts";
import { FriendlyError } from "./friendly-error.ts";
import type { Interruption } from "./interruption.ts";
import { emulatorLog } from "./layout.ts";
import { dropWrittenDefaults, markOwnParameters } from "./local-parameters.ts";
import { checkPorts } from "./ports.ts";
import { tickSchedule } from "./schedule.ts";
import { ensureSecret } from "./secret.ts";
import { seedApiKey } from "./seed.ts";

export type StackOptions = {
  /** Hears of every line that the emulators and the functions print. */
  onLine?: (line: string) => void;
  /** Runs the scheduled function by the clock. Tests turn it off and run it themselves. */
  tick?: boolean;
};

/** @param signal is aborted, with the name of the signal to pass on to what runs, when the work must end early. */
type Work = (signal: AbortSignal) => Promise<number>;

async function aroundWork(
  signal: AbortSignal,
  work: Work,
  { onLine = () => {}, tick = true }: StackOptions,
): Promise<number> {
  console.log("Starting the emulators …");
  const started = performance.now();
  const emulators = await startEmulators(onLine, signal);
  const stopTicking = tick ? tickSchedule((error) => console.error(String(error))) : () => {};
  try {
    await seedApiKey(new Date());
    console.log(`The stack is up after ${((performance.now() - started) / 1000).toFixed(1)} s.`);
    const lost = new AbortController();
    let loss: string | undefined;
    emulators.ended.then((reason) => {
      loss = reason;
      lost.abort("SIGTERM");
    });
    const code = await work(AbortSignal.any([signal, lost.signal]));
    if (loss === undefined) return code;
    throw new FriendlyError(`The emulators stopped by themselves: ${loss}. Their log: ${emulatorLog}`);
  } finally {
    stopTicking();
    console.log("Stopping the emulators …");
    await emulators.stop();
  }
}

/**
 * Starts the stack, with nothing but the key in it, does `work`, and stops the stack whatever came of it.
 * @returns the exit code: that of `work`, or that of the signal which interrupted it.
 * @throws FriendlyError when the stack does not start, or ends while `work` is going on.
 */
export async function withStack(interruption: Interruption, work: Work, options: StackOptions = {}): Promise<number> {
  try {
    await checkPorts();
    await buildFunctions(interruption.signal);
    ensureSecret();
    markOwnParameters();
    try {
      return await aroundWork(interruption.signal, work, options);
    } finally {
      dropWrittenDefaults();
    }
  } catch (error) {
    const code = interruption.exitCode();
    if (code === undefined || error instanceof FriendlyError) throw error;
    return code;
  }
}
