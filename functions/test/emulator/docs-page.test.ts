import { createHash } from "node:crypto";
import { operations } from "../support/api-document.ts";
import { functionUrl, hostingUrl } from "../support/stack.ts";

const places = [`${hostingUrl()}/api/docs`, `${functionUrl("api")}/docs`, `${functionUrl("api")}/api/docs`];

test.each(places)("%s is the reference, complete, with nothing from anywhere else", async (url) => {
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  const html = await answer.text();
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
  for (const { operationId, path } of operations) {
    expect(ids).toContain(operationId);
    expect(html).toContain(`<code>${path}</code>`);
  }
  expect(ids.length).toBe(new Set(ids).size);

  // Every link leads to a place on the page, or to the document beside it.
  const links = [...html.matchAll(/\s(?:href|src|action|style|on\w+)="([^"]*)"/g)].map(([, target]) => target ?? "");
  expect(
    links.filter((target) => !["data:,", "openapi.json"].includes(target) && !ids.includes(target.slice(1))),
  ).toEqual([]);
  const document = await fetch(new URL("openapi.json", url));
  expect([document.status, await document.json()]).toMatchObject([200, { openapi: "3.1.0" }]);

  // No script at all, and a policy that would let none run.
  expect(html).not.toMatch(/<(script|link rel="stylesheet"|iframe|img|object)|@import|url\(/i);
  const style = /<style>(.*?)<\/style>/s.exec(html)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  expect(answer.headers.get("content-security-policy")).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
});
