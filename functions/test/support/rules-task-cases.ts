import { LONGEST_SERVICE, TOO_LONG_SERVICE } from "./rules-cases.ts";

type Fields = Record<string, unknown>;

/** The least that a task of `owner` needs. */
export const MINIMAL_TASK = { service: "video", userId: "owner" };

/** Tasks that `owner` may create. `serverTime` is the client library's placeholder for the server's time. */
export function acceptedTasks(serverTime: unknown): [name: string, task: Fields][] {
  const full = { prompt: "a cat", projectId: "p1", assistantId: "a1", metadata: { a: [1] }, priority: 5 };
  return [
    ["the least", MINIMAL_TASK],
    ["every field", { ...MINIMAL_TASK, ...full, createdAt: serverTime }],
    ["the longest service", { ...MINIMAL_TASK, service: LONGEST_SERVICE }],
    ["the longest prompt", { ...MINIMAL_TASK, prompt: "x".repeat(20_000) }],
    ["the longest projectId", { ...MINIMAL_TASK, projectId: "x".repeat(200) }],
    ["the longest assistantId", { ...MINIMAL_TASK, assistantId: "x".repeat(200) }],
    ["empty texts", { ...MINIMAL_TASK, prompt: "", projectId: "", assistantId: "" }],
    ["empty metadata", { ...MINIMAL_TASK, metadata: {} }],
    ["the lowest priority", { ...MINIMAL_TASK, priority: 0 }],
    ["the highest priority", { ...MINIMAL_TASK, priority: 9 }],
  ];
}

/** Tasks that nobody may create, each wrong in one thing only. */
export function refusedTasks(serverTime: unknown, clientTime: unknown): [name: string, task: Fields][] {
  const pathsForNames = ["video/secrets/key", "/video", "video/", "../services/video", "%2e%2e/services/video", ".."];
  const wrongValues: Record<string, readonly unknown[]> = {
    service: ["", "unregistered", TOO_LONG_SERVICE, ".hidden", "two words", ...pathsForNames, 7, null, ["video"]],
    userId: ["other", "", null, 7, ["owner"]],
    prompt: ["x".repeat(20_001), 7, null, ["a cat"]],
    projectId: ["x".repeat(201), 7, null, {}],
    assistantId: ["x".repeat(201), 7, null, {}],
    metadata: ["text", 7, null, ["a"]],
    priority: [-1, 10, 1.5, "1", null, true],
    createdAt: [clientTime, "2026-01-01T00:00:00Z", 0, null],
  };
  const foreignFields: Fields = {
    taskMetadata: { isWebhookTask: true, webhookUrl: "https://hostile.example" },
    webhookUrl: "https://hostile.example",
    webhookAuth: "Bearer stolen",
    webhookParams: {},
    callbackUrl: "https://hostile.example",
    callbackFormat: "slack",
    followers: ["other"],
    webhook: { status: "completed" },
    status: "completed",
    correlationId: "chosen",
    ownerId: "other",
    provider: "generic",
    params: {},
    sealedAuth: "ciphertext",
    updatedAt: serverTime,
    unknown: true,
  };
  const { service, userId } = MINIMAL_TASK;
  return [
    ["no service", { userId }],
    ["no userId", { service }],
    ["no field", {}],
    ...Object.entries(wrongValues).flatMap(([field, values]) =>
      values.map((value): [string, Fields] => [`${field}: ${show(value)}`, { ...MINIMAL_TASK, [field]: value }]),
    ),
    ...Object.entries(foreignFields).map(([field, value]): [string, Fields] => [
      `foreign field ${field}`,
      { ...MINIMAL_TASK, [field]: value },
    ]),
  ];
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 20)}… (${text.length - 2} characters)` : text;
}
