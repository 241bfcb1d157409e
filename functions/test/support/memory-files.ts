import { Readable } from "node:stream";
import type { Files } from "../../src/platform/files.ts";

/** A file store in memory, for tests that are not about files: `kept` is what lies there, by its path. */
export function memoryFiles(kept: Map<string, string>): Files {
  return {
    async keepJson(folder, json) {
      const path = `${folder}/${json.length}.json`;
      kept.set(path, json);
      return { $storage: { bucket: "test", path, bytes: json.length, sha256: "", contentType: "application/json" } };
    },
    async write(path, _contentType, source) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of source) chunks.push(chunk);
      kept.set(path, Buffer.concat(chunks).toString("latin1"));
    },
    async read(path) {
      const text = kept.get(path);
      return text === undefined ? undefined : Readable.from([Buffer.from(text, "latin1")]);
    },
    async copy(from, to) {
      const text = kept.get(from);
      if (text !== undefined) kept.set(to, text);
      return text !== undefined;
    },
    async delete(path) {
      kept.delete(path);
    },
    async deleteFolder(folder) {
      for (const path of kept.keys()) if (path.startsWith(`${folder}/`)) kept.delete(path);
    },
  };
}
