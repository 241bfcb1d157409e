import type { EventEmitter } from "node:events";
import type { Firestore } from "firebase-admin/firestore";
import { type FirestoreRpc, interceptFirestore } from "./firestore-rpc.ts";

/** Firestore's billed operations, and the round trips that they took. */
export interface OperationCount {
  /** Documents read: each one asked for by name, found or not, and each one that a query found. */
  reads: number;
  writes: number;
  deletes: number;
  /** Writes and deletes of commits that the database turned down. */
  refused: number;
  /** Requests to the database, of whatever kind. */
  requests: number;
}

/** `db`, with a count of what goes through it; `db` itself stays uncounted. */
export function countOperations(db: Firestore): { readonly db: Firestore; readonly count: OperationCount } {
  const count: OperationCount = { reads: 0, writes: 0, deletes: 0, refused: 0, requests: 0 };
  const counted = interceptFirestore(db, async (rpc, proceed) => {
    count.requests += 1;
    count.reads += rpc.request.documents?.length ?? 0;
    const { writes, deletes } = writesOf(rpc);
    try {
      const answer = await proceed();
      count.writes += writes;
      count.deletes += deletes;
      if (rpc.method === "runQuery") countResults(answer as EventEmitter, count);
      return answer;
    } catch (error) {
      count.refused += writes + deletes;
      throw error;
    }
  });
  return { db: counted, count };
}

/** What `work` costs, of all that goes through the counted database meanwhile. */
export async function costOf(count: OperationCount, work: () => Promise<unknown>): Promise<OperationCount> {
  const before = { ...count };
  await work();
  return {
    reads: count.reads - before.reads,
    writes: count.writes - before.writes,
    deletes: count.deletes - before.deletes,
    refused: count.refused - before.refused,
    requests: count.requests - before.requests,
  };
}

function writesOf({ request }: FirestoreRpc): { writes: number; deletes: number } {
  const all = request.writes ?? [];
  const deletes = all.filter((write) => "delete" in write && write.delete !== null && write.delete !== undefined);
  return { writes: all.length - deletes.length, deletes: deletes.length };
}

/** Looks on while the client reads its stream; a listener of our own would make it flow too early. */
function countResults(stream: EventEmitter, count: OperationCount): void {
  const { emit } = stream;
  stream.emit = (event, ...args) => {
    if (event === "data" && hasDocument(args[0])) count.reads += 1;
    return emit.call(stream, event, ...args);
  };
}

function hasDocument(response: unknown): boolean {
  return response !== null && typeof response === "object" && "document" in response && response.document != null;
}
