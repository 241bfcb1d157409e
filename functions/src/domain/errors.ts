/** One bad field of a request, as `errors[]` of a problem answer (RFC 9457) shows it. */
export interface FieldError {
  /** Where: `webhook_url`, `metadata.title`, `body`. */
  readonly field: string;
  /** What is wrong with it, for a person. */
  readonly message: string;
}

interface BoomerangErrorOptions {
  readonly status?: number;
  readonly retryable?: boolean;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * The only error this project throws on purpose. Terminal unless `retryable`: a terminal one is recorded and
 * answered, a retryable one makes the queue, the trigger or the caller try again.
 * `message` is meant for the outside: it names what was wrong and what to do, and never holds a secret.
 */
export class BoomerangError extends Error {
  override readonly name = "BoomerangError";
  /** Stable and machine-readable, such as `url_not_allowed`. */
  readonly code: string;
  /** The HTTP status that this error becomes. */
  readonly status: number;
  readonly retryable: boolean;
  readonly errors: readonly FieldError[];
  /** Extra response headers, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: string, message: string, options: BoomerangErrorOptions = {}) {
    const { stackTraceLimit } = Error;
    // Nobody looks at where a refusal was thrown, and to find out costs as much as to check a signature.
    if (options.status !== undefined && options.status < 500) Error.stackTraceLimit = 0;
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.status = options.status ?? 500;
    this.retryable = options.retryable ?? false;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
