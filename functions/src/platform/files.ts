import { createHash } from "node:crypto";

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

/** Keeps JSON in Cloud Storage under a name made of its content, so that keeping it twice is keeping it once. */
export type KeepJson = (folder: string, json: string) => Promise<FileReference>;

/** Cloud Storage, in the given bucket. */
export function createFiles(bucketName: string): KeepJson {
  return async (folder, json) => {
    const body = Buffer.from(json);
    const sha256 = createHash("sha256").update(body).digest("hex");
    const path = `${folder}/${sha256}.json`;
    const contentType = "application/json";
    const { getStorage } = await import("firebase-admin/storage");
    await getStorage().bucket(bucketName).file(path).save(body, { contentType, resumable: false });
    return { $storage: { bucket: bucketName, path, bytes: body.length, sha256, contentType } };
  };
}
