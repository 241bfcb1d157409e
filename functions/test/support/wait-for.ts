import type { DocumentReference } from "firebase-admin/firestore";

/** Long for a state that comes within a second or two, so that only one that never comes runs into it. */
const patienceMs = 45_000;
const pauseMs = 50;

/**
 * Asks again and again until `probe` gives something else than undefined, and gives that.
 * @throws where it has not come after 45 s, with `what` and what `probe` last said by throwing.
 */
export async function waitFor<T>(what: string, probe: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${patienceMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/**
 * Listens to a document until `accept` says yes of it, and gives its data.
 * @throws where that has not come after 45 s, with the document as it stands.
 */
export async function waitForDocument(
  ref: DocumentReference,
  accept: (data: FirebaseFirestore.DocumentData) => boolean = () => true,
): Promise<FirebaseFirestore.DocumentData> {
  const { promise, resolve, reject } = Promise.withResolvers<FirebaseFirestore.DocumentData>();
  let last: unknown;
  const stop = ref.onSnapshot((snapshot) => {
    const data = snapshot.data();
    last = data;
    if (data !== undefined && accept(data)) resolve(data);
  }, reject);
  const timer = setTimeout(
    () => reject(new Error(`${ref.path} did not come to be as expected; it is ${JSON.stringify(last)}`)),
    patienceMs,
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    stop();
  }
}
