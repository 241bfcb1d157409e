import { slack } from "../../src/formats/slack.ts";
import { sampleEvent, sampleNames } from "../support/sample-events.ts";

const maxText = 3_000;

function textOf(event: Parameters<typeof slack.render>[0]): string {
  const body: { text: string } = JSON.parse(slack.render(event) ?? "{}");
  return body.text;
}

test("escapes the three characters that Slack reserves, once", () => {
  const text = textOf(sampleEvent("failed", { task: { service: "a<b", error: "1 < 2 & 3 > 2 &amp; <!channel>" } }));
  expect(text).toContain(": a&lt;b task");
  expect(text).toMatch(/ 1 &lt; 2 &amp; 3 &gt; 2 &amp;amp; &lt;!channel&gt;$/);
});

test("escapes an event of the application, its type and its payload", () => {
  const text = textOf(sampleEvent("application", { type: "a<b.c", payload: { "<!here>": "&" } }));
  expect(text).toBe('*a&lt;b.c*\n```{\n  "&lt;!here&gt;": "&amp;"\n}```');
});

/** Texts of every length around the limit, so that each kind of cut is met. */
test.each(["&", "<", "🪃", "é", "a<🪃&"])("cuts a long text of %s between two characters", (unit) => {
  for (let length = 2_700; length <= 3_060; length += 1) {
    const error = unit
      .repeat(Math.ceil(length / unit.length))
      .slice(0, length)
      .toWellFormed()
      .replaceAll("\ufffd", "x");
    const text = textOf(sampleEvent("failed", { task: { error } }));
    expect(text.length).toBeLessThan(maxText);
    expect(text.isWellFormed()).toBe(true);
    expect(text.replaceAll(/&(amp|lt|gt);/g, "")).not.toMatch(/[&<>]/);
  }
});

test("stays below Slack's limit with every text too long at once, and closes what it opens", () => {
  const long = "<&🪃>".repeat(5_000);
  for (const name of sampleNames) {
    const task = { id: long, service: long, message: long, error: long, resultUrl: `https://files.example/${long}` };
    const text = textOf(sampleEvent(name, { prefix: long, type: long, payload: { long }, task }));
    expect(text.length).toBeLessThan(maxText);
    expect(text.isWellFormed()).toBe(true);
    if (name === "application") expect(text.endsWith("…```")).toBe(true);
  }
});

test("replaces half a character, which Slack could not read", () => {
  expect(textOf(sampleEvent("failed", { task: { error: "half \ud83d" } })).endsWith(" half \ufffd")).toBe(true);
});

test("shows nearly as much as there is room for", () => {
  expect(textOf(sampleEvent("failed", { task: { error: "e".repeat(9_000) } })).length).toBeGreaterThan(2_900);
});

test.each([
  ["https://files.example/a.png?x=1&y=2", "<https://files.example/a.png?x=1&amp;y=2>"],
  ["https://files.example/a|b", "<https://files.example/a%7Cb>"],
  ["!channel", "!channel"],
  ["@U123", "@U123"],
  ["gs://bucket/file", "gs://bucket/file"],
  ["https://x.example/ <!here>", "https://x.example/ &lt;!here&gt;"],
])("shows the result's URL %s as %s", (resultUrl, shown) => {
  expect(textOf(sampleEvent("completed", { task: { resultUrl } })).endsWith(` is done. ${shown}`)).toBe(true);
});

test("does not cut a link, which would lead elsewhere", () => {
  const text = textOf(sampleEvent("completed", { task: { resultUrl: `https://files.example/${"a".repeat(4_000)}` } }));
  expect(text).not.toMatch(/[<>]/);
  expect(text.endsWith("…")).toBe(true);
});
