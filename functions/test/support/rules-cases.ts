import type { Role } from "./rules-environment.ts";

interface SeededDocument {
  /** Who may get it. Everybody else is refused. */
  readers: readonly Role[];
  data: Record<string, unknown>;
}

const ofOwner = { userId: "owner", status: "initiated" };
const ofOther = { userId: "other", status: "initiated" };
const secret = { readers: [], data: { ...ofOwner, value: "secret" } };
const adminOnly = { readers: ["admin"], data: ofOwner } as const;
const closed = { readers: [], data: ofOwner };

/** The longest name that a service may have, and one that is too long. Both have a document, so that the rule decides. */
export const LONGEST_SERVICE = "s".repeat(100);
export const TOO_LONG_SERVICE = "s".repeat(101);

/** One document of every kind, and of kinds that should never be, with all who may read it. */
export const DOCUMENTS: Record<string, SeededDocument> = {
  "pendingWebhooks/of-owner": { readers: ["owner", "admin"], data: { ...ofOwner, sealedAuth: "ciphertext" } },
  "pendingWebhooks/of-other": { readers: ["other", "admin"], data: ofOther },
  "pendingWebhooks/of-nobody": { readers: ["admin"], data: { status: "initiated" } },
  "pendingWebhooks/of-null": { readers: ["admin"], data: { userId: null, status: "initiated" } },
  "pendingWebhooks/of-owner/outcome/final": adminOnly,
  "pendingWebhooks/of-owner/callbacks/first": adminOnly,
  "pendingWebhooks/of-owner/unknown/any": adminOnly,
  "pendingWebhooks/of-owner/secrets/key": secret,
  "pendingWebhooks/of-owner/outcome/final/secrets/key": secret,
  "tasks/of-owner": { readers: ["owner", "admin"], data: ofOwner },
  "tasks/of-other": { readers: ["other", "admin"], data: ofOther },
  "tasks/of-nobody": { readers: ["admin"], data: { service: "video" } },
  "tasks/of-owner/comments/first": { readers: ["owner", "admin"], data: { text: "done" } },
  "tasks/of-other/comments/first": { readers: ["other", "admin"], data: ofOwner },
  "tasks/of-nobody/comments/first": adminOnly,
  "tasks/deleted/comments/orphan": adminOnly,
  "tasks/of-owner/comments/first/secrets/key": secret,
  "tasks/of-owner/secrets/key": secret,
  "tasks/of-owner/unknown/any": closed,
  "users/owner": closed,
  "users/owner/notifications/first": { readers: ["owner", "admin"], data: { ...ofOther, read: false } },
  "users/other/notifications/first": { readers: ["other", "admin"], data: { ...ofOwner, read: false } },
  "users/owner/notifications/first/secrets/key": secret,
  "users/owner/secrets/key": secret,
  "users/owner/unknown/any": closed,
  "services/video": adminOnly,
  "services/video/secrets/key": secret,
  "services/video/unknown/any": closed,
  [`services/${LONGEST_SERVICE}`]: adminOnly,
  [`services/${TOO_LONG_SERVICE}`]: adminOnly,
  "services/.hidden": adminOnly,
  "services/two words": adminOnly,
  "webhooks/first": adminOnly,
  "webhooks/first/secrets/key": secret,
  "deliveries/first": adminOnly,
  "deliveries/first/secrets/key": secret,
  "replays/first": adminOnly,
  "replays/first/secrets/key": secret,
  "events/first": adminOnly,
  "events/first/secrets/key": secret,
  "apiKeys/hash": closed,
  "apiKeys/hash/secrets/key": secret,
  "secrets/key": secret,
  "unknown/any": closed,
  "unknown/any/pendingWebhooks/nested": closed,
  "unknown/any/tasks/nested": closed,
  "unknown/any/comments/nested": closed,
  "unknown/any/notifications/nested": closed,
};

/** Who may list a whole collection. Everybody else is refused, whatever they own in it. */
export const COLLECTIONS: Record<string, readonly Role[]> = {
  pendingWebhooks: ["admin"],
  "pendingWebhooks/of-owner/outcome": ["admin"],
  "pendingWebhooks/of-owner/callbacks": ["admin"],
  "pendingWebhooks/of-owner/secrets": [],
  tasks: ["admin"],
  "tasks/of-owner/comments": ["owner", "admin"],
  "tasks/of-other/comments": ["other", "admin"],
  "tasks/of-owner/secrets": [],
  users: [],
  "users/owner/notifications": ["owner", "admin"],
  "users/other/notifications": ["other", "admin"],
  "users/owner/secrets": [],
  services: ["admin"],
  "services/video/secrets": [],
  webhooks: ["admin"],
  deliveries: ["admin"],
  replays: ["admin"],
  events: ["admin"],
  apiKeys: [],
  secrets: [],
  unknown: [],
};

/** A query over all collections of one name reaches documents that no rule can tie to a user: closed to everybody. */
export const COLLECTION_GROUPS = [
  "pendingWebhooks",
  "tasks",
  "comments",
  "notifications",
  "outcome",
  "callbacks",
  "services",
  "webhooks",
  "deliveries",
  "replays",
  "events",
  "apiKeys",
  "secrets",
] as const;
