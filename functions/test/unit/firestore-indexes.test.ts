import { readFileSync } from "node:fs";
import { join } from "node:path";

interface FieldOverride {
  collectionGroup: string;
  fieldPath: string;
  ttl?: boolean;
  indexes: unknown[];
}

interface CompositeIndex {
  collectionGroup: string;
  queryScope: string;
  fields: { fieldPath: string; order: string }[];
}

interface IndexesFile {
  indexes: CompositeIndex[];
  fieldOverrides: FieldOverride[];
}

/** What `firebase deploy` itself checks the file with, before it sends anything. */
interface DeployCheck {
  FirestoreApi: new () => { validateSpec(spec: unknown): void };
}

const PATH = join(import.meta.dirname, "../../../firestore.indexes.json");
const { indexes, fieldOverrides } = JSON.parse(readFileSync(PATH, "utf8")) as IndexesFile;

/** `owner, time↓` for an index over `owner` ascending and `time` descending. */
const describeIndex = ({ collectionGroup, fields }: CompositeIndex) =>
  `${collectionGroup}: ${fields.map((field) => field.fieldPath + (field.order === "DESCENDING" ? "↓" : "")).join(", ")}`;

const overrideOf = (collectionGroup: string, fieldPath: string) =>
  fieldOverrides.find((field) => field.collectionGroup === collectionGroup && field.fieldPath === fieldPath);

describe("the deployment's own check", () => {
  const { FirestoreApi } = jest.requireActual<DeployCheck>("firebase-tools/lib/firestore/api.js");
  const api = new FirestoreApi();

  test("accepts the file", () => {
    expect(() => api.validateSpec({ indexes, fieldOverrides })).not.toThrow();
  });

  test("refuses what is no index", () => {
    const fields = [{ fieldPath: "sweepAt", order: "UPWARDS" }];
    expect(() => api.validateSpec({ indexes: [{ ...indexes[0], fields }], fieldOverrides })).toThrow("must be one of");
  });
});

describe("composite indexes", () => {
  test("of pending webhooks are those that the sweep and the lists need, each once", () => {
    const ofTasks = indexes.filter(({ collectionGroup }) => collectionGroup === "pendingWebhooks");
    expect(ofTasks.map(describeIndex).sort()).toEqual(
      [
        "pendingWebhooks: sweepShard, sweepAt",
        "pendingWebhooks: userId, createdAt↓",
        "pendingWebhooks: ownerId, createdAt↓",
        "pendingWebhooks: ownerId, updatedAt↓",
        "pendingWebhooks: ownerId, status, createdAt↓",
        "pendingWebhooks: ownerId, status, createdAt, durationMs",
        "pendingWebhooks: status, createdAt, durationMs",
        "pendingWebhooks: ownerId, projectId, createdAt↓",
        "pendingWebhooks: ownerId, service, createdAt↓",
        "pendingWebhooks: status, createdAt↓",
        "pendingWebhooks: projectId, createdAt↓",
        "pendingWebhooks: service, createdAt↓",
      ].sort(),
    );
  });

  test("a replay counts what it has sent by its id, which therefore is indexed", () => {
    const exempt = fieldOverrides.filter(({ collectionGroup }) => collectionGroup === "deliveries");
    expect(exempt.map(({ fieldPath }) => fieldPath)).not.toContain("replayId");
  });

  test("of deliveries and webhooks are those that the sweep, the limits, replays and the lists need, each once", () => {
    const others = indexes.filter(({ collectionGroup }) =>
      ["deliveries", "events", "webhooks"].includes(collectionGroup),
    );
    expect(others.map(describeIndex).sort()).toEqual(
      [
        "events: ownerId, createdAt↓",
        "deliveries: sweepShard, sweepAt",
        "deliveries: taskId, createdAt↓",
        "deliveries: taskId, status, createdAt↓",
        "deliveries: webhookId, completedAt",
        "deliveries: webhookId, createdAt",
        "deliveries: webhookId, status, createdAt",
        "deliveries: webhookId, createdAt↓",
        "deliveries: webhookId, status, createdAt↓",
        "deliveries: ownerId, createdAt↓",
        "deliveries: ownerId, status, createdAt↓",
        "deliveries: status, createdAt↓",
        "webhooks: isActive, lastDeliveredAt",
      ].sort(),
    );
  });

  test("of keys is the one that their list needs", () => {
    const ofKeys = indexes.filter(({ collectionGroup }) => collectionGroup === "apiKeys");
    expect(ofKeys.map(describeIndex)).toEqual(["apiKeys: ownerId, createdAt↓, id↓"]);
  });

  test("never begin with a field that only grows, which would cap the writes of the whole collection", () => {
    const first = indexes.map(({ fields }) => fields[0]?.fieldPath);
    expect(first.filter((field) => field === undefined || /At$/.test(field))).toEqual([]);
  });

  test("serve one collection each", () => {
    expect(new Set(indexes.map(({ queryScope }) => queryScope))).toEqual(new Set(["COLLECTION"]));
  });
});

describe("field overrides", () => {
  test("name a field of a collection once", () => {
    const names = fieldOverrides.map(({ collectionGroup, fieldPath }) => `${collectionGroup}.${fieldPath}`);
    expect(names.filter((name, position) => names.indexOf(name) !== position)).toEqual([]);
  });

  test("only ever take an index away", () => {
    expect(fieldOverrides.filter((field) => field.indexes.length > 0)).toEqual([]);
  });

  test("time to live is by purgeAt, in every collection that is cleared, and nowhere else", () => {
    const ttl = fieldOverrides.filter((field) => field.ttl === true).map((field) => field.collectionGroup);
    const cleared = [
      "callbacks",
      "deliveries",
      "events",
      "notifications",
      "outcome",
      "pendingWebhooks",
      "rateLimits",
      "replays",
    ];
    expect(ttl.sort()).toEqual(cleared);
    expect(fieldOverrides.filter((field) => field.ttl !== (field.fieldPath === "purgeAt" || undefined))).toEqual([]);
  });

  const growing = [
    "createdAt",
    "updatedAt",
    "initiatedAt",
    "completedAt",
    "expiresAt",
    "nextAttemptAt",
    "sweepAt",
    "purgeAt",
  ];
  const large = [
    "prompt",
    "params",
    "metadata",
    "result",
    "resultMetadata",
    "attempts",
    "history",
    "lateCallback",
    "followers",
  ];
  const unsearched = [
    "progress",
    "durationMs",
    "resultUrl",
    "error",
    "errorCode",
    "callbackUrl",
    "webhookUrl",
    "estimatedCompletion",
  ];
  const sealed = ["sealedAuth", "sealedSecret", "digest", "requestDigest"];

  test.each([...growing, ...large, ...unsearched, ...sealed])("pendingWebhooks.%s has no index of its own", (field) => {
    expect(overrideOf("pendingWebhooks", field)).toMatchObject({ indexes: [] });
  });

  test.each(["status", "service", "ownerId", "userId", "projectId"])("pendingWebhooks.%s keeps its own", (field) => {
    expect(overrideOf("pendingWebhooks", field)).toBeUndefined();
  });

  const elsewhere = [
    ["outcome", "at"],
    ["outcome", "digest"],
    ["callbacks", "receivedAt"],
    ["callbacks", "result"],
    ["callbacks", "resultMetadata"],
    ["callbacks", "resultUrl"],
    ["callbacks", "error"],
    ["tasks", "webhook.updatedAt"],
    ["deliveries", "createdAt"],
    ["deliveries", "completedAt"],
    ["deliveries", "nextAttemptAt"],
    ["deliveries", "sweepAt"],
    ["deliveries", "body"],
    ["deliveries", "attempts"],
    ["deliveries", "source"],
    ["deliveries", "url"],
    ["events", "createdAt"],
    ["events", "payload"],
    ["events", "requestDigest"],
    ["rateLimits", "window"],
    ["rateLimits", "used"],
    ["replays", "createdAt"],
    ["replays", "cursor"],
    ["webhooks", "sealedSecrets"],
    ["webhooks", "sealedHeaders"],
  ] as const;

  test.each(elsewhere)("%s.%s has no index of its own", (collectionGroup, field) => {
    expect(overrideOf(collectionGroup, field)).toMatchObject({ indexes: [] });
  });
});
