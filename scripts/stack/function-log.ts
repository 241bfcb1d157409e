// What the functions print, out of all that the emulators print.

/** The text that a function printed, or undefined when the line is the emulators' own. */
export function functionOutput(line: string): string | undefined {
  return /^> {2}(.*)$/.exec(line)?.[1];
}

type Fields = Record<string, unknown>;

function parse(text: string): Fields | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One structured log line as a person reads it: `INFO  task dispatched  correlationId=… status=200`. */
export function readable(text: string): string {
  const fields = parse(text);
  if (!fields) return text;
  const { severity = "INFO", message = "", timestamp: _, ...rest } = fields;
  const values = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [String(severity).padEnd(7), message, ...values].join(" ").trimEnd();
}
