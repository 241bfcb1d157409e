import {
  collection,
  collectionGroup,
  deleteDoc,
  deleteField,
  doc,
  getCountFromServer,
  getDoc,
  getDocs,
  or,
  query,
  serverTimestamp,
  setDoc,
  Timestamp,
  updateDoc,
  where,
  writeBatch,
} from "firebase/firestore";
import { COLLECTION_GROUPS, COLLECTIONS, DOCUMENTS } from "../support/rules-cases.ts";
import {
  compileRules,
  expectAccess,
  namesOfAllowed,
  openRulesHarness,
  ROLES,
  type Role,
  type RulesHarness,
} from "../support/rules-environment.ts";
import { acceptedTasks, MINIMAL_TASK, refusedTasks } from "../support/rules-task-cases.ts";

const PROJECT = "demo-boomerang-rules";
const serverTime = serverTimestamp();
const clientTime = Timestamp.fromMillis(1_767_225_600_000);
const CLIENTS = ROLES.filter((role) => role !== "admin");

let harness: RulesHarness;
let created = 0;

beforeAll(async () => {
  harness = await openRulesHarness(PROJECT);
  await harness.seed(Object.fromEntries(Object.entries(DOCUMENTS).map(([path, { data }]) => [path, data])));
});

afterAll(() => harness?.close());

/** The document at `path` as `role` reaches it. */
const at = (role: Role, path: string) => doc(harness.as(role), path);

/** A task, of an id that no test has used, as `role` reaches it. */
const newTask = (role: Role) => at(role, `tasks/created-${++created}`);

test("the rules compile without an error or a warning", async () => {
  expect(await compileRules("firestore.rules", PROJECT)).toEqual([]);
});

describe("get", () => {
  const cases = Object.entries(DOCUMENTS).flatMap(([path, { readers }]) =>
    ROLES.map((role) => ({ path, role, allowed: readers.includes(role) })),
  );

  test.each(cases)("$path by $role: $allowed", async ({ path, role, allowed }) => {
    await expectAccess(allowed, getDoc(at(role, path)));
  });
});

describe("list", () => {
  const cases = Object.entries(COLLECTIONS).flatMap(([path, readers]) =>
    ROLES.map((role) => ({ path, role, allowed: readers.includes(role) })),
  );

  test.each(cases)("all of $path by $role: $allowed", async ({ path, role, allowed }) => {
    const all = collection(harness.as(role), path);
    await expectAccess(allowed, getDocs(all), getCountFromServer(all));
  });

  const groups = COLLECTION_GROUPS.flatMap((group) => ROLES.map((role) => ({ group, role })));

  test.each(groups)("the collection group $group by $role is refused, own documents too", async ({ group, role }) => {
    const all = collectionGroup(harness.as(role), group);
    await expectAccess(false, getDocs(all), getDocs(query(all, where("userId", "==", role))));
  });

  describe.each(["pendingWebhooks", "tasks"])("%s", (path) => {
    test.each(CLIENTS)("of oneself, by %s: whoever is signed in", async (role) => {
      const own = query(collection(harness.as(role), path), where("userId", "==", role));
      await expectAccess(role !== "anonymous", getDocs(own), getCountFromServer(own));
    });

    test("of oneself holds one's own documents alone", async () => {
      const own = query(collection(harness.as("owner"), path), where("userId", "==", "owner"));
      const { docs } = await getDocs(own);
      expect(docs.map((found) => found.get("userId"))).toEqual(docs.map(() => "owner"));
      expect(docs.map((found) => found.id)).toContain("of-owner");
    });

    test.each(CLIENTS)("of others, by %s, is refused", async (role) => {
      const all = collection(harness.as(role), path);
      const somebody = role === "other" ? "owner" : "other";
      const queries = [
        query(all, where("userId", "==", somebody)),
        query(all, where("userId", "in", [role, somebody])),
        query(all, where("userId", "!=", somebody)),
        query(all, or(where("userId", "==", role), where("status", "==", "initiated"))),
        query(all, where("status", "==", "initiated")),
      ];
      await expectAccess(false, ...queries.map((refused) => getDocs(refused)));
    });
  });
});

describe("write", () => {
  test.each(Object.keys(DOCUMENTS))("%s: nobody creates a sibling, updates, replaces or deletes it", async (path) => {
    const attempts = ROLES.flatMap((role) => {
      const existing = at(role, path);
      return [
        { name: `create by ${role}`, request: setDoc(doc(existing.parent, "new"), { userId: role, touched: true }) },
        { name: `update by ${role}`, request: updateDoc(existing, { touched: true }) },
        { name: `replacement by ${role}`, request: setDoc(existing, { ...MINIMAL_TASK, userId: role }) },
        { name: `delete by ${role}`, request: deleteDoc(existing) },
      ];
    });
    expect(await namesOfAllowed(attempts)).toEqual([]);
  });
});

describe("creating a task", () => {
  test.each(acceptedTasks(serverTime))("with %s is allowed", async (_name, task) => {
    const document = newTask("owner");
    await expectAccess(true, setDoc(document, task));
    await expectAccess(true, getDoc(document));
  });

  test.each(refusedTasks(serverTime, clientTime))("with %s is refused", async (_name, task) => {
    await expectAccess(false, setDoc(newTask("owner"), task));
  });

  test.each(ROLES)("by %s: for oneself when signed in, for nobody else", async (role) => {
    await expectAccess(role !== "anonymous", setDoc(newTask(role), { ...MINIMAL_TASK, userId: role }));
    const somebody = role === "other" ? "owner" : "other";
    await expectAccess(false, setDoc(newTask(role), { ...MINIMAL_TASK, userId: somebody }));
  });

  test("is the client's last word: no update, replacement or delete, even with what a new task may hold", async () => {
    const task = newTask("owner");
    await setDoc(task, MINIMAL_TASK);
    await expectAccess(false, updateDoc(task, { prompt: "another" }), setDoc(task, MINIMAL_TASK), deleteDoc(task));
  });

  test("in one batch with the registration of its service is refused", async () => {
    const batch = writeBatch(harness.as("owner"));
    batch.set(at("owner", "services/smuggled"), { url: "https://hostile.example" });
    batch.set(newTask("owner"), { ...MINIMAL_TASK, service: "smuggled" });
    await expectAccess(false, batch.commit());
  });

  const elsewhere = [
    "pendingWebhooks",
    "services",
    "events",
    "unknown",
    "tasks/of-owner/comments",
    "unknown/any/tasks",
  ];

  test.each(elsewhere)("is not possible in %s", async (path) => {
    await expectAccess(false, setDoc(at("owner", `${path}/new`), MINIMAL_TASK));
  });
});

describe("marking a notification read", () => {
  const path = "users/owner/notifications/marked";
  const unread = { userId: "owner", type: "task.completed", read: false };
  const alreadyRead = { ...unread, read: true, readAt: clientTime };

  const changes: [name: string, allowed: boolean, before: Record<string, unknown>, change: Record<string, unknown>][] =
    [
      ["read", true, unread, { read: true }],
      ["read and the server's time", true, unread, { read: true, readAt: serverTime }],
      ["read a second time", true, alreadyRead, { read: true, readAt: serverTime }],
      ["unread again", false, alreadyRead, { read: false }],
      ["a time while unread", false, unread, { readAt: serverTime }],
      ["read as text", false, unread, { read: "true" }],
      ["read as number", false, unread, { read: 1 }],
      ["read as null", false, unread, { read: null }],
      ["read removed", false, alreadyRead, { read: deleteField() }],
      ["a time of the client", false, unread, { read: true, readAt: clientTime }],
      ["readAt as text", false, unread, { read: true, readAt: "now" }],
      ["readAt removed", false, alreadyRead, { read: true, readAt: deleteField() }],
      ["another field changed", false, unread, { read: true, type: "task.failed" }],
      ["another field removed", false, unread, { read: true, type: deleteField() }],
      ["another field added", false, unread, { read: true, text: "hostile" }],
      ["another field alone", false, alreadyRead, { text: "hostile" }],
    ];

  test.each(changes)("%s: %s", async (_name, allowed, before, change) => {
    await harness.seed({ [path]: before });
    await expectAccess(allowed, updateDoc(at("owner", path), change));
  });

  test.each(ROLES.filter((role) => role !== "owner"))("of somebody else, by %s, is refused", async (role) => {
    await harness.seed({ [path]: unread });
    await expectAccess(false, updateDoc(at(role, path), { read: true }));
  });

  test("cannot make a notification", async () => {
    await expectAccess(false, setDoc(at("owner", "users/owner/notifications/made"), { read: true }));
  });
});
