import type http from "node:http";
import https from "node:https";
import tls from "node:tls";
import {
  answers,
  cleanups,
  client,
  emulator,
  failureOf,
  type Handler,
  listen,
  PUBLIC_BUT_UNREACHABLE,
  production,
  serve,
} from "../support/outbound-client.ts";
import { selfSignedCertificate } from "../support/self-signed-certificate.ts";

describe("the guard", () => {
  test("refuses a URL before anything is resolved", async () => {
    const lookup = answers(["8.8.8.8"]);
    const failure = await failureOf(client(production, lookup)({ url: "https://metadata.google.internal./s3cret" }));
    expect(failure).toMatchObject({
      code: "url_not_allowed",
      status: 422,
      retryable: false,
      durationMs: expect.any(Number),
    });
    expect(lookup.asked).toEqual([]);
  });

  test.each([
    ["a loopback address", ["127.0.0.1"]],
    ["a public address and then a loopback one", [PUBLIC_BUT_UNREACHABLE, "127.0.0.1"]],
    ["a loopback address and then a public one", ["127.0.0.1", PUBLIC_BUT_UNREACHABLE]],
    ["a mapped loopback address", ["::ffff:127.0.0.1"]],
    ["something that is not an address", ["127.1"]],
  ])("refuses a name with %s, without a connection", async (_, addresses) => {
    const { port, connections } = await serve((_request, response) => response.end());
    const lookup = answers(addresses);
    const failure = await failureOf(client(production, lookup)({ url: `https://rebind.example.com:${port}/s3cret` }));
    expect(failure).toMatchObject({ code: "url_not_allowed", status: 422, retryable: false });
    expect(failure.message).toMatch(/^rebind\.example\.com resolves to an address that is not public\./);
    expect(lookup.asked).toEqual(["rebind.example.com"]);
    // A control: the same server is counted when it is called.
    await client()({ url: `http://127.0.0.1:${port}` });
    expect(connections()).toBe(1);
  });

  test("refuses the metadata server's address in the emulator too", async () => {
    const failure = await failureOf(client(emulator, answers(["169.254.169.254"]))({ url: "http://a.example.com" }));
    expect(failure.code).toBe("url_not_allowed");
  });

  test("never connects to what the name resolves to later", async () => {
    const { port, connections } = await serve((_, response) => response.end());
    const lookup = answers([PUBLIC_BUT_UNREACHABLE], ["127.0.0.1"]);
    const send = client(production, lookup);
    const url = `https://rebind.example.com:${port}`;
    const first = await failureOf(send({ url, timeoutMs: 200 }));
    expect(["connection_failed", "timeout"]).toContain(first.code);
    expect(lookup.asked).toHaveLength(1);
    const second = await failureOf(send({ url }));
    expect(second.code).toBe("url_not_allowed");
    expect(lookup.asked).toHaveLength(2);
    expect(connections()).toBe(0);
  });

  test("connects to exactly the checked address, with the name in the Host header", async () => {
    const { port } = await serve((request, response) => response.end(request.headers.host));
    const lookup = answers(["127.0.0.1"], [PUBLIC_BUT_UNREACHABLE]);
    const answer = await client(emulator, lookup)({ url: `http://Worker.example.com.:${port}` });
    expect(answer.body.toString()).toBe(`worker.example.com:${port}`);
    expect(lookup.asked).toEqual(["worker.example.com"]);
  });
});

describe("TLS", () => {
  const certificate = selfSignedCertificate("worker.example.com");
  const serveTls = (handler: Handler) => listen(https.createServer(certificate, handler));
  const trust = () => {
    const before = tls.getCACertificates("default");
    tls.setDefaultCACertificates([certificate.cert]);
    cleanups.push(() => tls.setDefaultCACertificates(before));
  };
  const send = (url: string) => client(emulator, answers(["127.0.0.1"]))({ url });

  test("an unknown certificate fails", async () => {
    const { port } = await serveTls((_, response) => response.end());
    const failure = await failureOf(send(`https://worker.example.com:${port}/s3cret`));
    expect(failure).toMatchObject({ code: "connection_failed", retryable: true });
    expect(failure.message).toBe(
      "TLS with worker.example.com failed: check its certificate and its name (DEPTH_ZERO_SELF_SIGNED_CERT).",
    );
  });

  test("a trusted certificate passes, by the name of the URL", async () => {
    trust();
    const { port } = await serveTls((request, response) => {
      response.end((request.socket as tls.TLSSocket).servername);
    });
    const answer = await send(`https://worker.example.com.:${port}`);
    expect(answer.body.toString()).toBe("worker.example.com");
  });

  test("a trusted certificate for another name fails", async () => {
    trust();
    const { port } = await serveTls((_, response) => response.end());
    const failure = await failureOf(send(`https://other.example.com:${port}`));
    expect(failure.message).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  });

  test("plain HTTP on the other side fails", async () => {
    const { port } = await serve((_, response) => response.end());
    const failure = await failureOf(send(`https://worker.example.com:${port}`));
    expect(failure.message).toMatch(/^TLS with worker\.example\.com failed/);
  });

  test("a pooled connection that the server ended is replaced", async () => {
    trust();
    const used = new WeakSet<object>();
    const { port, connections } = await serveTls((request, response) => {
      if (used.has(request.socket)) request.socket.end();
      else response.end("ok");
      used.add(request.socket);
    });
    const again = client(emulator, answers(["127.0.0.1"]));
    const url = `https://worker.example.com:${port}`;
    await again({ url });
    await expect(again({ url })).resolves.toMatchObject({ status: 200 });
    expect(connections()).toBe(2);
  });
});

describe("keep-alive", () => {
  test("uses a connection again, without another look-up", async () => {
    const { port, connections } = await serve((_, response) => response.end("ok"));
    const lookup = answers(["127.0.0.1"]);
    const send = client(emulator, lookup);
    for (let call = 0; call < 3; call += 1) await send({ url: `http://worker.example.com:${port}` });
    expect(connections()).toBe(1);
    expect(lookup.asked).toHaveLength(1);
  });

  test("repeats on a new connection when the pooled ones turn out to be closed", async () => {
    const used = new WeakSet<object>();
    const waiting: http.ServerResponse[] = [];
    const { port, connections } = await serve((request, response) => {
      if (used.has(request.socket)) {
        request.socket.resetAndDestroy();
        return;
      }
      used.add(request.socket);
      waiting.push(response);
      // The first two are answered together, so that two connections are pooled.
      if (waiting.length >= 2) for (const each of waiting) each.end("ok");
    });
    const send = client();
    const url = `http://127.0.0.1:${port}`;
    await Promise.all([send({ url }), send({ url })]);
    await expect(send({ url })).resolves.toMatchObject({ status: 200 });
    expect(connections()).toBe(3);
  });

  test("repeats no more than once", async () => {
    let requests = 0;
    const { port, connections } = await serve((request, response) => {
      requests += 1;
      if (requests === 1) response.end("ok");
      else request.socket.destroy();
    });
    const send = client();
    const url = `http://127.0.0.1:${port}`;
    await send({ url });
    const failure = await failureOf(send({ url }));
    expect(failure.code).toBe("connection_failed");
    expect([requests, connections()]).toEqual([3, 2]);
  });

  test("does not repeat after a part of the answer", async () => {
    let requests = 0;
    const { port } = await serve((request, response) => {
      requests += 1;
      if (requests === 1) response.end("ok");
      else request.socket.write("HTTP/1.1 200 OK\r\nX-A", () => request.socket.destroy());
    });
    const send = client();
    const url = `http://127.0.0.1:${port}`;
    await send({ url });
    const failure = await failureOf(send({ url }));
    expect(failure.code).toBe("connection_failed");
    expect(requests).toBe(2);
  });

  test("checks the address of the new connection too", async () => {
    const { port, connections } = await serve((request, response) => {
      if (request.url === "/first") response.end("ok");
      else request.socket.destroy();
    });
    const send = client(emulator, answers(["127.0.0.1"], ["10.0.0.1"]));
    await send({ url: `http://worker.example.com:${port}/first` });
    const failure = await failureOf(send({ url: `http://worker.example.com:${port}/second` }));
    expect(failure.code).toBe("url_not_allowed");
    expect(connections()).toBe(1);
  });
});
