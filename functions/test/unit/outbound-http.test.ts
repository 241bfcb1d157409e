import { once } from "node:events";
import type http from "node:http";
import net, { type AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createOutboundHttp } from "../../src/platform/outbound-http.ts";
import {
  answers,
  cleanups,
  client,
  emulator,
  failureOf,
  type Handler,
  listen,
  production,
  serve,
} from "../support/outbound-client.ts";

describe("the request and its answer", () => {
  test("sends method, path, headers and body, and hands back status, headers and body", async () => {
    const seen: { request: http.IncomingMessage; body: string }[] = [];
    const { port } = await serve(async (request, response) => {
      const chunks = await request.toArray();
      seen.push({ request, body: Buffer.concat(chunks).toString() });
      response.writeHead(503, { "Retry-After": "7", "Set-Cookie": ["a=1", "b=2"] }).end("busy");
    });
    const answer = await client()({
      url: `http://127.0.0.1:${port}/hook/a?b=c#d`,
      headers: { "Content-Type": "application/json", "X-TaskFlow-Event": "job.completed" },
      body: '{"grüße":1}',
    });
    expect(answer).toMatchObject({ status: 503, truncated: false });
    expect(answer.headers).toMatchObject({ "retry-after": "7", "set-cookie": "a=1, b=2" });
    expect(answer.body.toString()).toBe("busy");
    expect(answer.durationMs).toBeGreaterThanOrEqual(0);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.body).toBe('{"grüße":1}');
    expect(seen[0]?.request).toMatchObject({
      method: "POST",
      url: "/hook/a?b=c",
      headers: {
        host: `127.0.0.1:${port}`,
        "content-type": "application/json",
        "content-length": "13",
        "x-taskflow-event": "job.completed",
        "user-agent": "Boomerang-Webhooks/1.0",
        "accept-encoding": "identity",
      },
    });
  });

  test("leaves the caller's User-Agent, insists on identity", async () => {
    const { port } = await serve((request, response) => response.end(JSON.stringify(request.headers)));
    const headers = { "user-agent": "mine/1", "accept-encoding": "gzip" };
    const answer = await client()({ url: `http://127.0.0.1:${port}`, headers });
    expect(JSON.parse(answer.body.toString())).toMatchObject({ "user-agent": "mine/1", "accept-encoding": "identity" });
  });

  test("does not inflate a body", async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const { port } = await serve((_, response) => response.writeHead(200, { "Content-Encoding": "gzip" }).end(bomb));
    const answer = await client()({ url: `http://127.0.0.1:${port}` });
    expect(answer.body.equals(bomb)).toBe(true);
  });

  test("measures the duration with the given clock", async () => {
    const { port } = await serve((_, response) => response.end());
    let time = 1000;
    const send = createOutboundHttp(emulator, { now: () => (time += 250) });
    cleanups.push(send.close);
    const url = `http://127.0.0.1:${port}`;
    await expect(send({ url, method: "GET", headers: {}, timeoutMs: 5000, maxBodyBytes: 1 })).resolves.toMatchObject({
      durationMs: 250,
    });
  });

  test.each([301, 302, 307, 308])("does not follow a %i", async (status) => {
    const target = await serve((_, response) => response.end("secret"));
    const location = `http://127.0.0.1:${target.port}/secret`;
    const { port } = await serve((_, response) => response.writeHead(status, { Location: location }).end());
    const answer = await client()({ url: `http://127.0.0.1:${port}` });
    expect(answer).toMatchObject({ status, headers: { location } });
    expect(target.connections()).toBe(0);
  });
});

describe("the size of the answer", () => {
  test("cuts a 5 MB body off at the limit and closes the connection", async () => {
    const closed = Promise.withResolvers<void>();
    const { port } = await serve((_, response) => {
      response.on("close", closed.resolve);
      // Never ended by the server: only the client can close it.
      response.write(Buffer.alloc(5_000_000, "x"));
    });
    const answer = await client()({ url: `http://127.0.0.1:${port}` });
    expect(answer).toMatchObject({ status: 200, truncated: true });
    expect(answer.body.equals(Buffer.alloc(65_536, "x"))).toBe(true);
    await closed.promise;
  });

  test.each([
    ["exactly the limit", 65_536, false],
    ["one byte more", 65_537, true],
  ])("%s", async (_, size, truncated) => {
    const { port } = await serve((_request, response) => response.end(Buffer.alloc(size)));
    const answer = await client()({ url: `http://127.0.0.1:${port}` });
    expect(answer.truncated).toBe(truncated);
    expect(answer.body).toHaveLength(65_536);
  });

  test("fails instead when asked to", async () => {
    const { port } = await serve((_, response) => response.end("12345"));
    const failure = await failureOf(
      client()({ url: `http://127.0.0.1:${port}/s3cret`, maxBodyBytes: 4, onOversize: "fail" }),
    );
    expect(failure).toMatchObject({ code: "response_too_large", retryable: false });
    expect(failure.message).toBe("The answer of 127.0.0.1 is larger than 4 bytes.");
  });

  test("refuses endless headers", async () => {
    const { port } = await serve((_, response) => response.writeHead(200, { "X-Long": "x".repeat(20_000) }).end());
    const failure = await failureOf(client()({ url: `http://127.0.0.1:${port}` }));
    expect(failure).toMatchObject({
      code: "connection_failed",
      message: expect.stringContaining("HPE_HEADER_OVERFLOW"),
    });
  });
});

describe("the time-out", () => {
  const slow: [string, Handler][] = [
    ["before the headers", () => undefined],
    ["in the middle of the body", (_, response) => response.writeHead(200).write("a")],
    [
      "while the body drips",
      (_, response) => {
        const drip = setInterval(() => response.write("a"), 10);
        response.on("close", () => clearInterval(drip));
      },
    ],
  ];
  test.each(slow)("%s", async (_, handler) => {
    const closed = Promise.withResolvers<void>();
    const { port } = await serve((request, response) => {
      request.socket.on("close", () => closed.resolve());
      handler(request, response);
    });
    const failure = await failureOf(client()({ url: `http://127.0.0.1:${port}/s3cret`, timeoutMs: 150 }));
    expect(failure).toMatchObject({ code: "timeout", status: 504, retryable: true });
    expect(failure.message).toBe("127.0.0.1 did not answer completely within 150 ms.");
    expect(failure.durationMs).toBeGreaterThanOrEqual(145);
    await closed.promise;
  });

  test("covers a resolver that hangs, and nothing is connected to", async () => {
    const { port, connections } = await serve((_, response) => response.end());
    const found = Promise.withResolvers<{ address: string }[]>();
    const failure = await failureOf(
      client(emulator, () => found.promise)({ url: `http://worker.test:${port}`, timeoutMs: 50 }),
    );
    expect(failure.code).toBe("timeout");
    found.resolve([{ address: "127.0.0.1" }]);
    await client()({ url: `http://127.0.0.1:${port}` });
    expect(connections()).toBe(1);
  });

  test("covers a TLS handshake that hangs", async () => {
    const { port } = await listen(net.createServer());
    const failure = await failureOf(client()({ url: `https://127.0.0.1:${port}`, timeoutMs: 50 }));
    expect(failure.code).toBe("timeout");
  });
});

describe("a connection that fails", () => {
  test("no such name", async () => {
    const lookup = () => Promise.reject(Object.assign(new Error("nope"), { code: "ENOTFOUND" }));
    const failure = await failureOf(client(production, lookup)({ url: "https://gone.example.com/s3cret" }));
    expect(failure).toMatchObject({ code: "connection_failed", status: 502, retryable: true });
    expect(failure.message).toBe("The name gone.example.com could not be resolved (ENOTFOUND).");
  });

  test("a name without addresses", async () => {
    const failure = await failureOf(client(production, answers([]))({ url: "https://gone.example.com" }));
    expect(failure.message).toBe("The name gone.example.com could not be resolved (ENOTFOUND).");
  });

  test("nobody listens", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const failure = await failureOf(client()({ url: `http://127.0.0.1:${port}/s3cret` }));
    expect(failure).toMatchObject({ code: "connection_failed", retryable: true });
    expect(failure.message).toBe("127.0.0.1 refused the connection (ECONNREFUSED).");
  });

  test("closed before the answer, and not repeated, because the connection was new", async () => {
    const { port, connections } = await serve((request) => request.socket.destroy());
    const failure = await failureOf(client()({ url: `http://127.0.0.1:${port}` }));
    expect(failure.message).toBe("127.0.0.1 closed the connection before its answer was complete (ECONNRESET).");
    expect(connections()).toBe(1);
  });

  test("closed in the middle of the body", async () => {
    const { port } = await serve((request, response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("part", () => request.socket.destroy());
    });
    const failure = await failureOf(client()({ url: `http://127.0.0.1:${port}` }));
    expect(failure).toMatchObject({ code: "connection_failed", retryable: true });
    expect(failure.message).toContain("ECONNRESET");
  });

  test("an answer that is not HTTP", async () => {
    const { port } = await listen(net.createServer((socket) => socket.end("220 mail.example.com ESMTP\r\n")));
    const failure = await failureOf(client()({ url: `http://127.0.0.1:${port}` }));
    expect(failure.message).toMatch(/^The answer of 127\.0\.0\.1 is not valid HTTP \(HPE_\w+\)\.$/);
  });

  test("an upgrade that nobody asked for", async () => {
    const reply = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    const { port } = await listen(net.createServer((socket) => socket.write(reply)));
    const failure = await failureOf(client()({ url: `http://127.0.0.1:${port}` }));
    expect(failure.message).toBe("The connection to 127.0.0.1 failed (it ended without an answer).");
  });
});

describe("headers", () => {
  test.each([
    ["a line end in the value", { "X-Token": "s3cret\r\nX-Admin: yes" }],
    ["a bare line feed in the value", { "X-Token": "s3cret\nX" }],
    ["a NUL in the value", { "X-Token": "s3cret\0" }],
    ["a character beyond Latin-1 in the value", { "X-Token": "s3cret→" }],
    ["a line end in the name", { "X-Token\r\nX-Admin": "s3cret" }],
    ["a space in the name", { "X Token": "s3cret" }],
    ["an empty name", { "": "s3cret" }],
    ["the length", { "content-length": "0" }],
    ["the transfer coding", { "Transfer-Encoding": "chunked" }],
    ["another host", { Host: "s3cret.example.com" }],
    ["an upgrade", { Upgrade: "websocket" }],
    ["a proxy's credentials", { "Proxy-Authorization": "s3cret" }],
  ])("refuses %s", async (_, headers) => {
    const { port, connections } = await serve((_request, response) => response.end());
    const failure = await failureOf(client()({ url: `http://127.0.0.1:${port}`, headers }));
    expect(failure).toMatchObject({ code: "invalid_header", status: 422, retryable: false });
    expect(failure.message).toContain(JSON.stringify(Object.keys(headers)[0]));
    expect(failure.message).not.toContain("s3cret");
    expect(connections()).toBe(0);
  });
});
