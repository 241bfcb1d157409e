import fc from "fast-check";
import { createApp } from "../../src/http/app.ts";
import { operations } from "../support/api-document.ts";
import { checkDocumented } from "../support/documented-answers.ts";
import { type FuzzedRequest, requestsOf } from "../support/fuzzed-request.ts";
import { casesOf, makeParams } from "../support/owned-things.ts";
import { newWorld, type Owner, type World } from "../support/owners.ts";

/** The same requests in every run, unless FUZZ_SEED and FUZZ_RUNS ask for others. A failure prints its seed, path and request. */
const settings = { seed: Number(process.env.FUZZ_SEED ?? 20_260_115), numRuns: Number(process.env.FUZZ_RUNS ?? 45) };
const slowestMs = 10_000;
/** What a stack trace, or a library's own message, would look like. */
const innards = /node_modules|\bat \S+ \(|\(file:|\.ts:\d|Firestore|is not a function|undefined \(reading/;

let world: World;
beforeEach(async () => {
  world = await newWorld();
});
afterEach(() => world.close());

async function send(operation: { readonly method: string }, { path, headers, body }: FuzzedRequest, asker: Owner) {
  const startedAt = performance.now();
  const response = await createApp(world.deps).request(path, {
    method: operation.method,
    headers: { ...asker.headers, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  expect(performance.now() - startedAt).toBeLessThan(slowestMs);
  return { status: response.status, headers: response.headers, text };
}

test.each(casesOf(operations))(
  "%s: whatever is asked, the answer is one of the documented ones",
  async (_, operation) => {
    const { anna, admin } = world;
    // An admin reaches everybody's: the ids are right for both.
    const ids = await makeParams(world, operation, anna);
    await fc.assert(
      fc.asyncProperty(requestsOf(operation, ids), fc.constantFrom(anna, admin), async (request, asker) => {
        const answer = await send(operation, request, asker);
        expect(answer.status).toBeLessThan(500);
        checkDocumented(operation.method, request.path, answer);
        if (answer.status >= 400) expect(answer.text).not.toMatch(innards);
        expect(answer.headers.get("x-injected")).toBeNull();
      }),
      settings,
    );
  },
);
