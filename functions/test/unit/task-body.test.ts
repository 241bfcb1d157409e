import { BoomerangError } from "../../src/domain/errors.ts";
import { parseFields } from "../../src/domain/validation.ts";
import type { Identity } from "../../src/http/identity.ts";
import { toTaskRequest } from "../../src/http/task-body.ts";
import { taskBody } from "../../src/tasks/task-request.ts";

const server: Identity = { ownerId: "shop", admin: false, userId: null, scopes: new Set(["tasks:write"]), caller: "" };
const user: Identity = { ...server, ownerId: "anna", userId: "anna" };
const admin: Identity = { ...user, admin: true };

const toRequest = (identity: Identity, body: unknown) => toTaskRequest(identity, parseFields(taskBody, body));

function refusal(identity: Identity, body: unknown): string {
  try {
    toRequest(identity, body);
  } catch (error) {
    if (error instanceof BoomerangError) return `${error.status} ${error.code}`;
  }
  throw new Error("was taken");
}

test("everything that is said becomes the request, and what is left out is null or empty", () => {
  const body = {
    service: "video",
    prompt: "p",
    parameters: { a: 1 },
    metadata: { b: 2 },
    project_id: "p1",
    user_id: "u1",
  };
  const rest = { priority: 4, callback_url: "https://a.example", callback_format: "slack", timeout_seconds: 9 };
  expect(toRequest(server, { ...body, ...rest })).toEqual({
    ownerId: "shop",
    userId: "u1",
    projectId: "p1",
    objectId: null,
    assistantId: null,
    followers: [],
    worker: { service: "video" },
    prompt: "p",
    params: { a: 1 },
    metadata: { b: 2 },
    priority: 4,
    file: null,
    callbackUrl: "https://a.example",
    callbackFormat: "slack",
    timeoutSeconds: 9,
    retryOf: null,
  });
  const nothing = { userId: null, projectId: null, callbackUrl: null, callbackFormat: null, timeoutSeconds: null };
  expect(toRequest(server, { service: "video" })).toMatchObject({
    ...nothing,
    prompt: "",
    params: {},
    metadata: {},
  });
});

test("a user's task is their own, whether they say so or not", () => {
  expect(toRequest(user, { service: "video" }).userId).toBe("anna");
  expect(toRequest(user, { service: "video", user_id: null }).userId).toBe("anna");
  expect(toRequest(user, { service: "video", user_id: "anna" }).userId).toBe("anna");
});

test("a user acts for nobody else, unless they are an admin; a server acts for any user", () => {
  expect(refusal(user, { service: "video", user_id: "ben" })).toBe("403 forbidden");
  expect(toRequest(admin, { service: "video", user_id: "ben" })).toMatchObject({ ownerId: "anna", userId: "ben" });
  expect(toRequest(server, { service: "video", user_id: "ben" })).toMatchObject({ ownerId: "shop", userId: "ben" });
});

test("only an admin names a URL, and no credential goes with it", () => {
  const body = { webhook_url: "https://worker.example" };
  expect(refusal(user, body)).toBe("403 forbidden");
  expect(refusal(server, body)).toBe("403 forbidden");
  expect(toRequest(admin, body).worker).toEqual({ url: "https://worker.example", auth: null });
});
