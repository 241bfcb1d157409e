import type { DocumentData, Firestore } from "firebase-admin/firestore";
import { type ApiAnswer, type CallApi, createApiClient, newKey } from "./api-client.ts";
import { createTestDeps, newTestFirestore, type TestDeps } from "./test-deps.ts";

/** Where a service is; nobody is called there. */
export const url = "https://example.com/jobs";

/** The routes of services, on a database of the test file's own. */
export interface ServiceRoutes {
  readonly db: Firestore;
  readonly deps: TestDeps;
  /** The API, without the operator's key. */
  readonly api: CallApi;
  /** What an operator asks of the API, or of that of another instance. */
  readonly ask: (method: string, path: string, body?: unknown, instance?: CallApi) => Promise<ApiAnswer>;
  /** Registers the service of that name, with no more than a URL unless `body` says otherwise. */
  readonly put: (name: string, body?: unknown) => Promise<ApiAnswer>;
  /** A name that no service has yet. */
  readonly newName: () => string;
  /** The service's document as it stands. */
  readonly stored: (name: string) => Promise<DocumentData | undefined>;
}

/** To be called while the file is loaded, outside of its tests. */
export function serviceRoutesOfFile(): ServiceRoutes {
  const db = newTestFirestore();
  const deps = createTestDeps(db);
  const api = createApiClient(deps);
  let key: string;
  let names = 0;
  beforeAll(async () => {
    key = await newKey(db, "operator", ["admin"]);
  });
  afterAll(() => db.terminate());
  const ask: ServiceRoutes["ask"] = (method, path, body, instance = api) => instance(method, path, { key, body });
  return {
    db,
    deps,
    api,
    ask,
    put: (name, body = { url }) => ask("PUT", `/services/${name}`, body),
    newName: () => `service-${++names}`,
    stored: async (name) => (await db.doc(`services/${name}`).get()).data(),
  };
}
