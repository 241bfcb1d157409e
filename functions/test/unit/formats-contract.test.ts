import { validateHeaderName, validateHeaderValue } from "node:http";
import type { Format, OutgoingEvent } from "../../src/formats/format.ts";
import { formatOf, formats } from "../../src/formats/index.ts";
import { sampleEvent, sampleNames } from "../support/sample-events.ts";

const all: readonly Format[] = formats;
const final = ["completed", "failed", "expired", "cancelled"];
/** Which events a format has no shape for: they are not sent. */
const notSent: Readonly<Record<string, readonly string[]>> = {
  "task-service": ["started", "progress", "application"],
  predict: ["started", "progress", "application"],
};
const hostileTexts: readonly (readonly [string, string])[] = [
  ["markup", "</script><!--<b onload='x'>&amp;"],
  ["quotes and backslashes", '"\'`\\\\" \\u0000 $(x)'],
  ["line ends", "a\nb\r\nc\u2028d\u2029e"],
  ["control characters", "\u0000\u0001\u001b[31m\u007f"],
  ["emoji", "🪃👩‍👩‍👧‍👦".repeat(50)],
  ["lone surrogates", "\ud83d and \ude00"],
  ["100 kB", "<&>é🪃".repeat(14_000)],
];

/** Every text that somebody else chose, in all the places where it may stand. */
function hostile(name: (typeof sampleNames)[number], text: string): OutgoingEvent {
  const json = { [text.slice(0, 500)]: text, nested: [{ text }] };
  return sampleEvent(name, {
    payload: json,
    task: { service: text, message: text, error: text, result: json, resultMetadata: json, metadata: json },
  });
}

function frozen<T>(value: T): T {
  if (value !== null && typeof value === "object") Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

function stringsIn(json: string): string[] {
  const strings: string[] = [];
  JSON.parse(json, (_key, value: unknown) => (typeof value === "string" ? strings.push(value) : value));
  return strings;
}

test("each is found by its name, and no name is taken twice", () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const format of all) expect(formatOf(format.name)).toBe(format);
  expect([formatOf(null).name, formatOf("unheard-of").name]).toEqual(["standard", "standard"]);
});

describe.each(all)("$name", (format) => {
  const { name: formatName } = format;
  const bodies = (make: (name: (typeof sampleNames)[number]) => OutgoingEvent) =>
    sampleNames.flatMap((name) => {
      const body = format.render(make(name));
      return body === undefined ? [] : [{ name, body }];
    });

  test("sends every event that it has a shape for, and every end of a task", () => {
    const sent = sampleNames.filter((name) => !(notSent[formatName] ?? []).includes(name));
    expect(bodies(sampleEvent).map(({ name }) => name)).toEqual(sent);
    expect(sent).toEqual(expect.arrayContaining(final));
  });

  test("makes the same bytes of the same event, and leaves it as it was", () => {
    for (const name of sampleNames) {
      const event = frozen(sampleEvent(name));
      expect(format.render(event)).toBe(format.render(structuredClone(event)));
    }
  });

  test("sends a JSON object as JSON", () => {
    expect(format.contentType).toMatch(/^application\/(\w+\+)?json(; charset=utf-8)?$/);
    for (const { body } of bodies(sampleEvent)) expect(JSON.parse(body)).toEqual(expect.any(Object));
  });

  test.each(hostileTexts)("takes %s for text, and nothing else", (_what, text) => {
    for (const { body } of bodies((name) => hostile(name, text))) {
      // What is sent is UTF-8: a character without one would arrive as another than was signed.
      expect(Buffer.from(body, "utf8").toString("utf8")).toBe(body);
      expect(JSON.parse(body)).toEqual(expect.any(Object));
    }
    // Slack's is a text for a person, which is escaped and cut.
    if (formatName !== "slack") expect(stringsIn(format.render(hostile("failed", text)) ?? "")).toContain(text);
  });

  test("stays within one document, with all that a task may hold", () => {
    const large = { text: "é".repeat(128 * 1_024 - 20) };
    const task = {
      result: large,
      resultMetadata: large,
      metadata: { text: "é".repeat(32_000) },
      error: "é".repeat(32_768),
    };
    for (const { body } of bodies((name) => sampleEvent(name, { task, payload: large }))) {
      expect(Buffer.byteLength(body)).toBeLessThan(1_000_000);
    }
  });

  test("tells a subscriber that the task expired, or was cancelled, rather than failed", () => {
    const texts = (["failed", "expired", "cancelled"] as const).map((name) => {
      return format.render(sampleEvent(name, { task: { error: "The same text", errorCode: "same" } }));
    });
    expect(new Set(texts).size).toBe(3);
  });

  test("tells where the result lies when the service sent one and a URL", () => {
    const body = format.render(
      sampleEvent("completed", { task: { resultUrl: "https://files.example/1.png", result: { a: 1 } } }),
    );
    expect(body).toContain("https://files.example/1.png");
  });

  test("has headers that can be sent, and none that is another's", () => {
    for (const secret of ["a secret", null]) {
      const delivery = { id: "dlv_1", eventType: "job.completed", body: "{}", secret };
      for (const [name, value] of Object.entries(format.headers?.(delivery) ?? {})) {
        validateHeaderName(name);
        validateHeaderValue(name, value);
        expect(name.toLowerCase()).not.toMatch(/^(webhook-.*|content-.*|host|connection|transfer-encoding)$/);
      }
      expect(JSON.stringify(format.headers?.(delivery) ?? {})).not.toContain("a secret");
    }
  });
});

const hour = 3_600;
const longSchedule = [5, 300, 1_800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];

test.each([
  ["standard", longSchedule, true],
  ["task-service", [1, 2, 4], false],
  ["taskflow", [2, 4, 8], false],
  ["predict", [1, 2, 4], false],
  ["morag", [5, 10, 20], false],
  ["slack", longSchedule, true],
  ["cloudevents", longSchedule, true],
])("%s is retried after its own delays", (name, delays, jitter) => {
  const { retries } = formatOf(name);
  expect(retries.delaysSeconds).toEqual(delays);
  expect(retries.jitter > 0).toBe(jitter);
});

test.each(all)("$name takes the right statuses for success", ({ name, isSuccess }) => {
  const statuses = Array.from({ length: 500 }, (_, index) => index + 100);
  const taken = statuses.filter((status) => isSuccess?.(status) ?? (status >= 200 && status < 300));
  expect(taken).toEqual(
    name === "task-service" ? [200, 201, 202, 204] : statuses.filter((status) => status >= 200 && status < 300),
  );
});

test.each(all)("$name tries again where that can help", ({ name, isRetryable }) => {
  const final = [301, 400, 403, 404, 408, 410, 429, 500, 503, 599].filter((status) => isRetryable?.(status) === false);
  // Slack's 4xx say that the URL or the text is wrong for good.
  expect(final).toEqual(name === "slack" ? [301, 400, 403, 404, 408, 410] : []);
});
