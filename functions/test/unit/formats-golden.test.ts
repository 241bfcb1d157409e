import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formats } from "../../src/formats/index.ts";
import { goldenEvent } from "../support/golden-events.ts";
import { sampleNames } from "../support/sample-events.ts";

const folder = join(__dirname, "../fixtures/formats");
const cases = formats.flatMap((format) =>
  sampleNames.map((name) => ({ format, name, title: `${format.name} ${name}` })),
);

/** As the golden files are written: indented, and `null` where nothing is sent. The order of fields counts. */
function readable(body: string | undefined): string {
  return `${JSON.stringify(body === undefined ? null : JSON.parse(body), null, 2)}\n`;
}

test.each(cases)("$title is sent as its golden file says", ({ format, name }) => {
  const path = join(folder, format.name, `${name}.json`);
  const golden = existsSync(path)
    ? readFileSync(path, "utf8")
    : `fixtures/formats/${format.name}/${name}.json is missing`;
  expect(readable(format.render(goldenEvent(format.name, name)))).toBe(golden);
});

test("there is no golden file without a format and an event", () => {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".json"));
  expect(files.sort()).toEqual(cases.map(({ format, name }) => join(format.name, `${name}.json`)).sort());
});
