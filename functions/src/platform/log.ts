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
