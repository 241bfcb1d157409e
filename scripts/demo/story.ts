import { stdout } from "node:process";
import { styleText } from "node:util";

/** The demo met something that it did not expect. The message says what, for whoever watches. */
export class UnexpectedTurn extends Error {
  override readonly name = "UnexpectedTurn";
}

type Style = Parameters<typeof styleText>[0];

/** Coloured on a terminal, plain in a file or a pipe, and as `NO_COLOR` says. */
const paint = (style: Style, text: string) => styleText(style, text, { stream: stdout });

interface Chapter {
  readonly title: string;
  outcome?: string;
}

const chapters: Chapter[] = [];

/** Begins a chapter: what it is about, in one line. */
export function chapter(title: string): void {
  chapters.push({ title });
  console.log(`\n${paint("bold", `${chapters.length}  ${title}`)}`);
}

/** One thing that happened, with the time of day. */
export function tell(text: string): void {
  line("dim", "·", text);
}

/** One thing that had to be so, and is. Throws `UnexpectedTurn` where it is not; `found` is shown then. */
export function check(holds: boolean, text: string, found?: unknown): void {
  if (!holds) throw new UnexpectedTurn(`Expected: ${text}${found === undefined ? "" : `\nFound: ${inspect(found)}`}`);
  line("green", "✓", text);
}

/** What the chapter came to, in a few words, for the table at the end. */
export function conclude(outcome: string): void {
  const current = chapters.at(-1);
  if (current !== undefined) current.outcome = outcome;
}

/** The table of all chapters. */
export function summary(): void {
  const width = Math.max(...chapters.map(({ title }) => title.length));
  console.log(`\n${paint("bold", "What happened")}`);
  for (const { title, outcome } of chapters) {
    console.log(`   ${paint("green", "✓")} ${title.padEnd(width)}   ${paint("dim", outcome ?? "")}`);
  }
}

/** The end of a demo that went wrong. */
export function breakOff(error: unknown): void {
  const text = error instanceof UnexpectedTurn ? error.message : inspect(error);
  const where = chapters.at(-1)?.title ?? "the start";
  console.error(`\n${paint(["red", "bold"], `✗ The demo stops at "${where}".`)}\n${text}`);
}

function line(style: Style, mark: string, text: string): void {
  const time = new Date().toTimeString().slice(0, 8);
  console.log(`   ${paint("dim", time)}  ${paint(style, mark)} ${text}`);
}

function inspect(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message;
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
