import { type Receiver, type ReceiverOptions, startReceiver } from "../../../examples/receiver/receiver.ts";

/** The example receiver, there for all tests of a file, with nothing on record when each of them begins. */
export interface FileReceiver extends Pick<Receiver, "received" | "clear"> {
  /** `http://127.0.0.1:{port}`; known as soon as the tests run. */
  readonly url: string;
  /** The `webhook-id` of each request, oldest first. */
  readonly receivedIds: () => (string | undefined)[];
}

/** To be called while the file is loaded, outside of its tests. With a secret, what is not signed with it is refused with 401. */
export function receiverOfFile(options: ReceiverOptions = {}): FileReceiver {
  let started: Receiver | undefined;
  const receiver = (): Receiver => {
    if (started !== undefined) return started;
    throw new Error("The receiver is there in the tests and their hooks alone: ask it there.");
  };
  beforeAll(async () => {
    started = await startReceiver(options);
  });
  beforeEach(() => receiver().clear());
  afterAll(async () => await started?.close());
  return {
    get url() {
      return receiver().url;
    },
    received: () => receiver().received(),
    receivedIds: () =>
      receiver()
        .received()
        .map(({ headers }) => headers["webhook-id"]),
    clear: () => receiver().clear(),
  };
}
