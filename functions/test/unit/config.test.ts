import { type Config, readConfig } from "../../src/config.ts";
import { BoomerangError } from "../../src/domain/errors.ts";

const production = { GCLOUD_PROJECT: "shop-prod" };
const local = { GCLOUD_PROJECT: "demo-boomerang", FUNCTIONS_EMULATOR: "true" };

function refusal(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof BoomerangError && error.code === "bad_configuration") return error.message;
    throw error;
  }
  throw new Error("was taken");
}

test("with nothing set but the project, everything has its default", () => {
  expect(readConfig(production)).toEqual({
    projectId: "shop-prod",
    region: "europe-west1",
    emulator: false,
    callbackBaseUrl: "https://europe-west1-shop-prod.cloudfunctions.net",
    outboundTimeoutMs: 30_000,
    maxRetries: 3,
    retryDelaySeconds: 1,
    taskTimeoutSeconds: 300,
    taskRetentionMs: 90 * 24 * 3_600_000,
    dispatchesPerSecond: 100,
    concurrentDispatches: 200,
    historyRetentionMs: 7 * 24 * 3_600_000,
    deliveriesPerSecond: 100,
    concurrentDeliveries: 500,
    requestsPerMinute: 6_000,
    allowedHosts: [],
    maxUploadMb: 30,
    storageBucket: "shop-prod.firebasestorage.app",
  });
});

test("in the emulator, callbacks come to the Functions emulator", () => {
  expect(readConfig(local)).toMatchObject({
    emulator: true,
    callbackBaseUrl: "http://127.0.0.1:5001/demo-boomerang/europe-west1",
  });
  expect(readConfig({ ...production, FUNCTIONS_EMULATOR: "false" }).emulator).toBe(false);
  expect(readConfig(local).maxUploadMb).toBe(100);
});

test("the project is taken from either of the names that Google gives it", () => {
  expect(readConfig({ GOOGLE_CLOUD_PROJECT: "other" }).projectId).toBe("other");
  expect(readConfig({ GCLOUD_PROJECT: "a", GOOGLE_CLOUD_PROJECT: "b" }).projectId).toBe("a");
});

test("without a project nothing starts, as callbacks would have no address", () => {
  expect(refusal({})).toMatch(/^GCLOUD_PROJECT /);
});

/** Name, field, scale from the variable to the field, smallest, largest, and whether it is a whole number. */
const numbers: [string, keyof Config, number, number, number, boolean][] = [
  ["WEBHOOK_TIMEOUT", "outboundTimeoutMs", 1_000, 1, 60, false],
  ["WEBHOOK_MAX_RETRIES", "maxRetries", 1, 0, 10, true],
  ["WEBHOOK_RETRY_DELAY", "retryDelaySeconds", 1, 0.1, 3_600, false],
  ["TASK_TIMEOUT", "taskTimeoutSeconds", 1, 1, 604_800, false],
  ["TASK_RETENTION_DAYS", "taskRetentionMs", 86_400_000, 1, 3_650, false],
  ["DISPATCHES_PER_SECOND", "dispatchesPerSecond", 1, 1, 500, false],
  ["CONCURRENT_DISPATCHES", "concurrentDispatches", 1, 1, 5_000, true],
  ["REQUESTS_PER_MINUTE", "requestsPerMinute", 1, 1, 1_000_000, true],
  ["MAX_UPLOAD_MB", "maxUploadMb", 1, 1, 100, true],
];

test.each(numbers)("%s sets %s, up to its bounds", (name, field, scale, min, max) => {
  for (const value of [min, max]) {
    expect(readConfig({ ...production, [name]: ` ${value} ` })[field]).toBe(value * scale);
  }
});

test.each(numbers)("%s out of its bounds or not a number is refused by its name", (name, _field, _scale, min, max) => {
  for (const value of [String(min - 0.01), String(max + 1), "-1", "ten", "30s", "1,5", "NaN", "Infinity", "1 2"]) {
    const message = refusal({ ...production, [name]: value });
    expect(message).toContain(`${name} is "${value}", but must be a `);
    expect(message).toContain(`from ${min} to ${max}`);
  }
});

test.each(numbers)("%s left empty has its default", (name, field) => {
  for (const value of ["", "  "]) {
    expect(readConfig({ ...production, [name]: value })[field]).toBe(readConfig(production)[field]);
  }
});

test.each(numbers.filter(([, , , , , whole]) => whole))("%s is a whole number", (name) => {
  expect(refusal({ ...production, [name]: "1.5" })).toMatch(
    new RegExp(`^${name} is "1.5", but must be a whole number`),
  );
});

test.each(numbers.filter(([, , , , , whole]) => !whole))("%s may have a fraction", (name, field, scale) => {
  expect(readConfig({ ...production, [name]: "1.5" })[field]).toBe(1.5 * scale);
});

test("the region is that of the functions and of their address", () => {
  expect(readConfig({ ...production, BOOMERANG_REGION: "us-central1" })).toMatchObject({
    region: "us-central1",
    callbackBaseUrl: "https://us-central1-shop-prod.cloudfunctions.net",
  });
  for (const region of ["Europe", "europe-west", "europe-west1/x", "eu west1"]) {
    expect(refusal({ ...production, BOOMERANG_REGION: region })).toMatch(
      /^BOOMERANG_REGION is ".*", but must be a region/,
    );
  }
});

test.each([
  ["https://hooks.example.com", "https://hooks.example.com"],
  ["https://hooks.example.com/", "https://hooks.example.com"],
  ["https://hooks.example.com/in//", "https://hooks.example.com/in"],
  ["HTTPS://Hooks.Example.com:8443/In", "https://hooks.example.com:8443/In"],
  ["https://hooks.example.com:443", "https://hooks.example.com"],
  [" https://hooks.example.com ", "https://hooks.example.com"],
  ["https://hooks.example.com/?", "https://hooks.example.com"],
  ["https://hooks.example.com/in#", "https://hooks.example.com/in"],
  ["", "https://europe-west1-shop-prod.cloudfunctions.net"],
  ["  ", "https://europe-west1-shop-prod.cloudfunctions.net"],
])("CALLBACK_BASE_URL %p makes callback URLs that begin with %s", (value, base) => {
  expect(readConfig({ ...production, CALLBACK_BASE_URL: value }).callbackBaseUrl).toBe(base);
});

test.each([
  "hooks.example.com",
  "/hooks",
  "http://hooks.example.com",
  "ftp://hooks.example.com",
  "https://user@hooks.example.com",
  "https://user:password@hooks.example.com",
  "https://hooks.example.com/?a=1",
  "https://hooks.example.com/#a",
  "https://",
])("CALLBACK_BASE_URL %p is refused by its name", (value) => {
  expect(refusal({ ...production, CALLBACK_BASE_URL: value })).toMatch(
    /^CALLBACK_BASE_URL is ".*", but must be an https URL/,
  );
});

test("a password in CALLBACK_BASE_URL is not repeated, since the message goes into a log", () => {
  expect(refusal({ ...production, CALLBACK_BASE_URL: "https://user:hunter2@a.example" })).not.toContain("hunter2");
});

test("plain http as CALLBACK_BASE_URL is for the emulator only", () => {
  const env = { CALLBACK_BASE_URL: "http://127.0.0.1:5001/demo/x" };
  expect(readConfig({ ...local, ...env }).callbackBaseUrl).toBe("http://127.0.0.1:5001/demo/x");
  expect(refusal({ ...production, ...env })).toContain("CALLBACK_BASE_URL");
});

test.each([
  ["", []],
  [" , ", []],
  ["api.example.com", ["api.example.com"]],
  [
    "API.Example.com,*.fal.run other.example\nlocalhost",
    ["api.example.com", "*.fal.run", "other.example", "localhost"],
  ],
])("ALLOWED_WEBHOOK_HOSTS %p allows %j", (value, hosts) => {
  expect(readConfig({ ...production, ALLOWED_WEBHOOK_HOSTS: value }).allowedHosts).toEqual(hosts);
});

test.each([
  "https://api.example.com",
  "api.example.com/x",
  "api.example.com:443",
  "*",
  "*.",
  "a.*.com",
  ".example.com",
  "a..b",
])("ALLOWED_WEBHOOK_HOSTS %p is refused by its name", (value) => {
  expect(refusal({ ...production, ALLOWED_WEBHOOK_HOSTS: `ok.example, ${value}` })).toBe(
    `ALLOWED_WEBHOOK_HOSTS is "${value}", but must be host names separated by commas, such as api.example.com or *.example.com.`,
  );
});

test("the bucket is the one that is set, or the project's own", () => {
  const own = { ...production, FIREBASE_CONFIG: '{"storageBucket":"shop-prod.appspot.com"}' };
  expect(readConfig(own).storageBucket).toBe("shop-prod.appspot.com");
  expect(readConfig({ ...own, BOOMERANG_BUCKET: "results-1" }).storageBucket).toBe("results-1");
  expect(readConfig({ ...production, FIREBASE_CONFIG: "{}" }).storageBucket).toBe("shop-prod.firebasestorage.app");
});

test.each(["gs://results", "Results", "results/x", "a", "my results"])(
  "BOOMERANG_BUCKET %p is refused by its name",
  (value) => {
    expect(refusal({ ...production, BOOMERANG_BUCKET: value })).toMatch(/^BOOMERANG_BUCKET is ".*", but must be /);
  },
);

test("FIREBASE_CONFIG that is not JSON is refused by its name", () => {
  expect(refusal({ ...production, FIREBASE_CONFIG: "{" })).toMatch(/^FIREBASE_CONFIG /);
});
