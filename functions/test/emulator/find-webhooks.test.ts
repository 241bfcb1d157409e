import type { Firestore } from "firebase-admin/firestore";
import { createFindWebhooks, webhooks } from "../../src/webhooks/webhook.ts";
import { newTestFirestore } from "../support/test-deps.ts";

/** A new or changed webhook counts within this time. */
const countsWithinMs = 10_000;

let db: Firestore;
let now = 1_000_000;
beforeAll(() => {
  db = newTestFirestore();
});
afterAll(() => db.terminate());

test("a new, a changed and a deleted webhook count within ten seconds, and its owner's alone are found", async () => {
  const find = createFindWebhooks(db, () => now);
  const seen = async () => ({ all: (await find.ofOwner("owner-1")).map(({ id }) => id), one: await find.byId("w1") });
  await webhooks(db).doc("w2").set({ id: "w2", ownerId: "owner-2" });
  expect(await seen()).toEqual({ all: [], one: undefined });

  await webhooks(db).doc("w1").set({ id: "w1", ownerId: "owner-1", isActive: true });
  now += countsWithinMs;
  expect(await seen()).toEqual({ all: ["w1"], one: { id: "w1", ownerId: "owner-1", isActive: true } });

  await webhooks(db).doc("w1").update({ isActive: false });
  now += countsWithinMs;
  expect((await seen()).one).toMatchObject({ isActive: false });

  await webhooks(db).doc("w1").delete();
  now += countsWithinMs;
  expect(await seen()).toEqual({ all: [], one: undefined });
});

test("within a second it is asked for just once", async () => {
  const find = createFindWebhooks(db, () => now);
  await webhooks(db).doc("w3").set({ id: "w3", ownerId: "owner-3" });
  expect(await find.ofOwner("owner-3")).toHaveLength(1);
  await webhooks(db).doc("w3").delete();
  now += 1_000;
  expect(await find.ofOwner("owner-3")).toHaveLength(1);
});
