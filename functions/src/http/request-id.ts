const form = /^[\w.-]{1,128}$/;

/** The id by which a request is found in the log: the caller's own `X-Request-Id` where it has the form of one, else a new one. */
export function requestIdOf(header: string | undefined, newId: () => string): string {
  return header !== undefined && form.test(header) ? header : newId();
}
