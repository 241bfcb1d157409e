import { z } from "zod";
import { openFile } from "../../tasks/open-file.ts";
import { defineRoute, type Route } from "../route.ts";

const bytes = z.string().meta({ override: { type: "string", format: "binary" } });

/** `/api/v1/files`: what services fetch. */
export const fileRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "get",
      path: "/api/v1/files/{id}",
      operationId: "getTaskFile",
      tag: "Tasks",
      summary: "The file of an open task, for its service",
      description: "At the `file_url` that the service was given. It needs no key: the token in it is enough.",
      scope: null,
      params: { id: "task" },
      query: z.strictObject({ token: z.string().max(200).default("") }),
      answers: {
        200: {
          description: "The file, with its own Content-Type.",
          schema: bytes,
          contentType: "*/*",
          headers: { "Content-Length": "Its size in bytes.", "Content-Disposition": "`attachment`, with its name." },
        },
      },
      problems: { 401: ["unauthenticated"], 410: ["file_gone"] },
    },
    async (deps, { params, query, raw }) => {
      const { file, content } = await openFile(deps, params.id, query.token);
      const headers = {
        "content-type": file.contentType,
        "content-length": String(file.bytes),
        "content-disposition": `attachment; ${fileName(file.name)}`,
        // It is whatever its sender sent: no browser must take it for a page of ours.
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox",
        "cache-control": "private, no-store",
      };
      if (raw.method !== "HEAD") return new Response(content, { headers });
      content.destroy();
      return new Response(null, { headers });
    },
  ),
];

/** As ASCII, and whole (RFC 6266, 4.3; RFC 8187). */
function fileName(name: string): string {
  const ascii = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(name).replaceAll(/['()*!]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
