import net from "node:net";

/** What came back of a raw request: its status line and all the rest, as text. */
export interface RawAnswer {
  /** 0 where the connection was closed without an answer. */
  readonly status: number;
  readonly text: string;
}

/** Sends these bytes as they are, and reads until the server closes, or has said the end of its last chunk or its whole length. */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  // Some are cut off by the server while they are still being sent.
  socket.on("error", () => {});
  socket.write(bytes);
  let text = "";
  try {
    for await (const chunk of socket) {
      text += String(chunk);
      if (isWhole(text)) break;
    }
  } catch {
    // A reset is an end too.
  } finally {
    socket.destroy();
  }
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const [head, body] = [text.slice(0, end).toLowerCase(), text.slice(end + 4)];
  if (head.startsWith("http/1.1 100")) return false;
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) return Buffer.byteLength(body) >= Number(length);
  return head.includes("transfer-encoding: chunked") && body.endsWith("0\r\n\r\n");
}
