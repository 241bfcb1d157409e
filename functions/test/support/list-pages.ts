import type { CallApi } from "./api-client.ts";

interface Listed {
  readonly id: string;
}

/** The ids of a page. */
export function idsOf(body: Readonly<Record<string, unknown>>): string[] {
  return (body.data as Listed[]).map(({ id }) => id);
}

/** Reads a list to its end, `between` two pages something else happens; `path` has a query already. Gives each page's ids. */
export async function readPages(
  api: CallApi,
  key: string,
  path: string,
  between: (page: string[]) => Promise<unknown> = async () => {},
): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor: unknown = ""; cursor !== null; ) {
    const { status, body } = await api("GET", `${path}&cursor=${cursor}`, { key });
    if (status !== 200) throw new Error(`page ${pages.length + 1} was answered ${status}: ${JSON.stringify(body)}`);
    pages.push(idsOf(body));
    cursor = body.next_cursor;
    await between(idsOf(body));
  }
  return pages;
}
