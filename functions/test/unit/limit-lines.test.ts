import { type LogFields, limitLines } from "../../src/platform/log.ts";

function limited(perSecond: number) {
  let now = 5_000;
  const lines: (readonly [string, LogFields | undefined])[] = [];
  const warn = limitLines(
    (message, fields) => lines.push([message, fields]),
    perSecond,
    () => now,
  );
  return { warn, lines, advance: (ms: number) => (now += ms) };
}

test("what stays below the limit is written as it is", () => {
  const { warn, lines, advance } = limited(2);
  for (const status of [401, 404]) warn("refused", { status });
  advance(1_000);
  warn("refused");
  expect(lines).toEqual([
    ["refused", { status: 401 }],
    ["refused", { status: 404 }],
    ["refused", undefined],
  ]);
});

test("what is above it is counted, and told with the next line, once", () => {
  const { warn, lines, advance } = limited(2);
  for (let times = 0; times < 1_000; times += 1) warn("refused", { status: 401 });
  expect(lines).toHaveLength(2);
  advance(999);
  warn("refused", { status: 401 });
  expect(lines).toHaveLength(2);
  advance(1);
  for (const status of [404, 401]) warn("refused", { status });
  expect(lines.slice(2)).toEqual([
    ["refused", { status: 404, omitted: 999 }],
    ["refused", { status: 401 }],
  ]);
});
