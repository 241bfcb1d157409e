import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Where a value is that was too large for its document; it takes the value's place there. */
export interface FileReference {
  readonly $storage: {
    readonly bucket: string;
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly contentType: string;
  };
}

/** Keeps JSON under a name made of its content, so that keeping it twice is keeping it once. */
export type KeepJson = (folder: string, json: string) => Promise<FileReference>;

/** The files of one bucket. Nothing is ever held in memory whole, but for JSON. */
export interface Files {
  readonly keepJson: KeepJson;
  /** Writes what `source` gives. Throws what `source` throws; a part may lie there then, and is the caller's to delete. */
  write(path: string, contentType: string, source: AsyncIterable<Uint8Array>): Promise<void>;
  /** Undefined where there is no such file. */
  read(path: string): Promise<Readable | undefined>;
  /** Within the bucket; false where there is no such file. */
  copy(from: string, to: string): Promise<boolean>;
  /** Does nothing where there is no such file. */
  delete(path: string): Promise<void>;
  /** All that lies below `folder`. It lists the bucket, which costs more than to delete what is known by name. */
  deleteFolder(folder: string): Promise<void>;
}

/** Cloud Storage, in the given bucket. */
export function createFiles(bucketName: string): Files {
  // Loaded when there is a file to write or read: most instances never have one.
  const bucket = async () => {
    const { getStorage } = await import("firebase-admin/storage");
    return getStorage().bucket(bucketName);
  };
  const file = async (path: string) => (await bucket()).file(path);
  return {
    async keepJson(folder, json) {
      const body = Buffer.from(json);
      const sha256 = createHash("sha256").update(body).digest("hex");
      const path = `${folder}/${sha256}.json`;
      const contentType = "application/json";
      await (await file(path)).save(body, { contentType, resumable: false });
      return { $storage: { bucket: bucketName, path, bytes: body.length, sha256, contentType } };
    },

    async write(path, contentType, source) {
      let cut: { readonly by: unknown } | undefined;
      // An upload that is broken off keeps its connection for ever, in this version of the library; so it is ended instead.
      const untilCut = async function* () {
        try {
          yield* source;
        } catch (error) {
          cut = { by: error };
        }
      };
      const target = (await file(path)).createWriteStream({ contentType, resumable: false });
      await pipeline(untilCut, target);
      if (cut !== undefined) throw cut.by;
    },

    async read(path) {
      const stream = (await file(path)).createReadStream();
      try {
        await once(stream, "readable");
        return stream;
      } catch (error) {
        return absent(error);
      }
    },

    async copy(from, to) {
      try {
        await (await file(from)).copy(await file(to));
        return true;
      } catch (error) {
        return absent(error) ?? false;
      }
    },

    async delete(path) {
      await (await file(path)).delete({ ignoreNotFound: true });
    },

    async deleteFolder(folder) {
      const [found] = await (await bucket()).getFiles({ prefix: `${folder}/` });
      await Promise.all(found.map((one) => one.delete({ ignoreNotFound: true })));
    },
  };
}

/** Undefined where the error says that there is no such file; throws any other. */
function absent(error: unknown): undefined {
  if (error !== null && typeof error === "object" && "code" in error && error.code === 404) return undefined;
  throw error;
}
