/** A failure whose message says all that the person at the terminal needs: what is wrong and what to do. */
export class FriendlyError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = "FriendlyError";
    this.exitCode = exitCode;
  }
}
