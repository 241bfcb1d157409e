import { getApps } from "firebase-admin/app";
import type { Firestore } from "firebase-admin/firestore";
import { parseKeys } from "../../src/domain/keys.ts";
import { sendHttp, tokenFor } from "./callbacks.ts";
import { type ProductionRuntime, startProductionRuntime } from "./production-runtime.ts";
import { createTestDeps, newSecret, type TestDeps } from "./test-deps.ts";

/** How a callback is sent; what is left out is as an honest service does it. */
export interface Sent {
  readonly method?: string;
  readonly token?: string | null;
  readonly type?: string | null;
  readonly headers?: Record<string, string>;
  /** Another process than the first. */
  readonly runtime?: ProductionRuntime;
}

export interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { field: string; message: string }[];
}

/** The function `webhookCallback` as production runs it, on the test's own Firestore project. */
export interface CallbackFunction {
  readonly deps: TestDeps;
  /** The one before `deps`' own in BOOMERANG_SECRET. */
  readonly olderSecret: string;
  /** Starts a process; the first is the one that callbacks are sent to. `env` says what is different in it. */
  start(env?: Record<string, string>): Promise<ProductionRuntime>;
  /** Sends exactly this body, and checks what holds for every answer: it is JSON, a problem has its form, and there is no CORS header. */
  send(id: string, body: string | Buffer | undefined, sent?: Sent): Promise<CallbackHttpAnswer>;
  /** Ends every process and the client. */
  stop(): Promise<void>;
}

export interface CallbackHttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: Problem;
}

/** See {@link CallbackFunction}. */
export function createCallbackFunction(db: Firestore): CallbackFunction {
  const [secret, olderSecret] = [newSecret(), newSecret()];
  const deps = createTestDeps(db, { keys: parseKeys(secret) });
  const projectId = getApps()[0]?.options.projectId ?? "";
  const environment = {
    GCLOUD_PROJECT: projectId,
    GOOGLE_CLOUD_PROJECT: projectId,
    FIREBASE_CONFIG: JSON.stringify({ projectId }),
    FUNCTIONS_EMULATOR: "true",
    BOOMERANG_SECRET: `${secret},${olderSecret}`,
  };
  const runtimes: ProductionRuntime[] = [];
  return {
    deps,
    olderSecret,
    async start(env = {}) {
      const runtime = await startProductionRuntime("webhookCallback", { ...environment, ...env });
      runtimes.push(runtime);
      return runtime;
    },
    async send(id, body, sent = {}) {
      const { method = "POST", token = tokenFor(deps.keys, id), type = "application/json" } = sent;
      const { url = "" } = sent.runtime ?? runtimes[0] ?? {};
      const answer = await sendHttp(url, `/${id}${token === null ? "" : `?token=${token}`}`, {
        method,
        headers: { ...(type === null ? {} : { "content-type": type }), ...sent.headers },
        ...(body === undefined ? {} : { body }),
      });
      const form = answer.status === 200 ? "application/json" : "application/problem+json";
      expect(answer.headers["content-type"]?.split(";")[0]).toBe(form);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
      const json = answer.text === "" ? {} : JSON.parse(answer.text);
      if (answer.text !== "" && answer.status !== 200) {
        expect(json).toMatchObject({ type: "about:blank", status: answer.status, code: expect.any(String) });
      }
      return { ...answer, json };
    },
    async stop() {
      await Promise.all(runtimes.map((runtime) => runtime.stop()));
      await db.terminate();
    },
  };
}

/** A callback's body. */
export const reportOf = (id: string, parts: object) => JSON.stringify({ correlationId: id, ...parts });

/** A success of that task. */
export const successOf = (id: string) =>
  reportOf(id, { status: "success", resultUrl: "https://cdn.example.com/a.mp4", metadata: { a: 1 } });

/** The names in `errors[]`. */
export const fieldsOf = ({ json }: CallbackHttpAnswer) => json.errors?.map(({ field }) => field);
