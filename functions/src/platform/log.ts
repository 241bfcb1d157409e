import { logger } from "firebase-functions/logger";

export type LogFields = Readonly<Record<string, unknown>>;

/** One wide line for each attempt. The fields never hold a secret, a token or a whole payload. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Structured lines, as Cloud Logging reads them. */
export const cloudLog: Log = {
  info: (message, fields) => logger.info(message, fields ?? {}),
  warn: (message, fields) => logger.warn(message, fields ?? {}),
  error: (message, fields) => logger.error(message, fields ?? {}),
};

/**
 * Writes at most `perSecond` lines in a second of the clock (milliseconds), and counts the others: the next line that is written says
 * how many there were, as `omitted`. For what strangers cause, who would otherwise fill the log as fast as they like.
 */
export function limitLines(write: Log["warn"], perSecond: number, now: () => number = Date.now): Log["warn"] {
  let second = 0;
  let written = 0;
  let omitted = 0;
  return (message, fields) => {
    const current = Math.floor(now() / 1_000);
    if (current !== second) [second, written] = [current, 0];
    if (written === perSecond) {
      omitted += 1;
      return;
    }
    written += 1;
    write(message, omitted === 0 ? fields : { ...fields, omitted });
    omitted = 0;
  };
}
