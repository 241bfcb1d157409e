import { BoomerangError, messageOf } from "../domain/errors.ts";

/**
 * Why an outbound call brought no answer. Codes: `url_not_allowed`, `invalid_header`, `response_too_large` (terminal),
 * `timeout`, `connection_failed` (retryable). The message names the host only: path, query and headers may hold
 * credentials.
 */
export class OutboundFailure extends BoomerangError {
  /** Milliseconds from the start of the call to its failure. */
  readonly durationMs: number;

  constructor(error: BoomerangError, durationMs: number) {
    const { status, retryable, errors, headers, cause } = error;
    super(error.code, error.message, { status, retryable, errors, headers, cause });
    this.durationMs = durationMs;
  }
}

/** Turns what node's http, TLS and DNS throw into an `OutboundFailure`. */
export function toOutboundFailure(error: unknown, host: string, durationMs: number): OutboundFailure {
  return new OutboundFailure(error instanceof BoomerangError ? error : connectionFailed(error, host), durationMs);
}

export function timedOut(host: string, timeoutMs: number): BoomerangError {
  const message = `${host} did not answer completely within ${timeoutMs} ms.`;
  return new BoomerangError("timeout", message, { status: 504, retryable: true });
}

export function responseTooLarge(host: string, maxBodyBytes: number): BoomerangError {
  const message = `The answer of ${host} is larger than ${maxBodyBytes} bytes.`;
  return new BoomerangError("response_too_large", message, { status: 502 });
}

/** The `code` of a system error, such as `ECONNREFUSED`; empty when there is none. */
export function errorCode(error: unknown): string {
  // No instanceof: jest runs tests in a realm of its own, whose Error is not the one that node throws.
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

function connectionFailed(error: unknown, host: string): BoomerangError {
  const code = errorCode(error);
  const message = `${describe(code, host)} (${code || messageOf(error)}).`;
  return new BoomerangError("connection_failed", message, { status: 502, retryable: true, cause: error });
}

function describe(code: string, host: string): string {
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return `The name ${host} could not be resolved`;
  if (code === "ECONNREFUSED") return `${host} refused the connection`;
  if (code === "ECONNRESET" || code === "EPIPE") return `${host} closed the connection before its answer was complete`;
  if (/^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_|INVALID_)/.test(code)) {
    return `TLS with ${host} failed: check its certificate and its name`;
  }
  if (code.startsWith("HPE_")) return `The answer of ${host} is not valid HTTP`;
  return `The connection to ${host} failed`;
}
