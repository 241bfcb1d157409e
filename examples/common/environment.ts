/** A wrong environment variable stops the start; the message names it. */
function refuse(name: string, value: string, expected: string): never {
  console.error(`${name}=${value} is not usable: expected ${expected}.`);
  process.exit(1);
}

/** The number in an environment variable, or `fallback` when it is unset or empty. */
export function numberFrom(name: string, fallback: number, { min, max }: { min: number; max: number }): number {
  const text = process.env[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value < min || value > max) refuse(name, text, `a number from ${min} to ${max}`);
  return value;
}

/** A TCP port from `PORT`; 0 takes any free one. */
export function portFrom(fallback: number): number {
  const port = numberFrom("PORT", fallback, { min: 0, max: 65_535 });
  if (!Number.isInteger(port)) refuse("PORT", String(port), "a whole number");
  return port;
}

/** Runs `close` on Ctrl-C, on SIGTERM, or when the process that started this one (over an IPC channel) is gone; then ends. */
export function closeOnSignal(close: () => Promise<void>): void {
  const end = () => {
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  process.once("disconnect", end);
}
