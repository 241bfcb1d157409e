import { checkOutboundUrl, isPublicAddress, type OutboundPolicy } from "../../src/domain/outbound-url.ts";

const production: OutboundPolicy = { allowInsecure: false, allowedHosts: [] };
const emulator: OutboundPolicy = { allowInsecure: true, allowedHosts: [] };
const onlyHosts = (...allowedHosts: string[]): OutboundPolicy => ({ allowInsecure: false, allowedHosts });

const refusal = (message: RegExp) =>
  expect.objectContaining({
    code: "url_not_allowed",
    status: 422,
    retryable: false,
    message: expect.stringMatching(message),
  });

function refusalOf(url: string, policy: OutboundPolicy = production): unknown {
  try {
    checkOutboundUrl(url, policy);
  } catch (error) {
    return error;
  }
  throw new Error(`${url} was allowed`);
}

describe("checkOutboundUrl", () => {
  test.each([
    ["https://example.com/hook?a=b#c", "https://example.com/hook?a=b#c"],
    ["https://EXAMPLE.com./hook", "https://example.com/hook"],
    ["https://example.com:8443/hook", "https://example.com:8443/hook"],
    ["https://example.com:80", "https://example.com:80/"],
    ["https://under_score.example.com", "https://under_score.example.com/"],
    ["https://münchen.example", "https://xn--mnchen-3ya.example/"],
    ["https://8.8.8.8/hook", "https://8.8.8.8/hook"],
    ["https://134744072", "https://8.8.8.8/"],
    ["https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"],
    ["https://[::ffff:8.8.8.8]/", "https://[::ffff:808:808]/"],
    ["https://localhost.example.com", "https://localhost.example.com/"],
    ["https://internal.example.com", "https://internal.example.com/"],
    ["https://10.0.0.1.example.com", "https://10.0.0.1.example.com/"],
    [`https://example.com/${"a".repeat(2028)}`, `https://example.com/${"a".repeat(2028)}`],
  ])("allows %s", (url, href) => {
    expect(checkOutboundUrl(url, production).href).toBe(href);
  });

  test.each([
    ["", /not a valid URL/],
    ["example.com/hook", /not a valid URL/],
    ["//example.com/hook", /not a valid URL/],
    ["https://", /not a valid URL/],
    ["https://1.2.3.4.5", /not a valid URL/],
    ["https://[fe80::1%25eth0]/", /not a valid URL/],
    ["https://example.com:99999", /not a valid URL/],
    [`https://example.com/${"a".repeat(2029)}`, /2049 characters/],
    [`https://example.com/${"a".repeat(3000)}`, /3020 characters/],
    ["http://example.com", /scheme is http:/],
    ["javascript:alert(1)", /scheme is javascript:/],
    ["file:///etc/passwd", /scheme is file:/],
    ["ftp://example.com", /scheme is ftp:/],
    ["data:text/plain,x", /scheme is data:/],
    ["gopher://example.com", /scheme is gopher:/],
    ["https://user@example.com", /user name or a password/],
    ["https://:secret@example.com", /user name or a password/],
    ["https://example.com@169.254.169.254", /user name or a password/],
    ["https://a..example.com", /not a valid host name/],
    ["https://example.com..", /not a valid host name/],
    [`https://${"a".repeat(64)}.com`, /not a valid host name/],
    ["https://localhost", /means this machine/],
    ["https://localhost.", /means this machine/],
    ["https://LOCALHOST:8080", /means this machine/],
    ["https://app.localhost", /means this machine/],
    ["https://%6c%6fcalhost", /means this machine/],
    ["https://metadata", /not a full name/],
    ["https://metadata.google.internal/computeMetadata/v1/", /private network/],
    ["https://metadata.google.internal.", /private network/],
    ["https://Metadata.Google.INTERNAL", /private network/],
    ["https://printer.local", /private network/],
    ["https://router.home.arpa", /private network/],
  ])("refuses %s", (url, message) => {
    expect(refusalOf(url)).toEqual(refusal(message));
  });

  test("refuses control characters, which the URL parser would drop", () => {
    for (const url of [
      "https://exam\nple.com",
      "https://example.com/\t",
      "https://example.com/\u0000",
      "\r\nhttps://a.example",
    ]) {
      expect(refusalOf(url)).toEqual(refusal(/control characters/));
    }
  });

  test.each([
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "127。0。0。1",
    "\uff11\uff12\uff17.0.0.1",
    "①②⑦.0.0.1",
    "0.0.0.0",
    "0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "100.64.0.1",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::8.8.8.8]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fd00::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
  ])("refuses the address https://%s", (host) => {
    expect(refusalOf(`https://${host}/latest`)).toEqual(refusal(/is not a public address/));
  });

  test("says nothing about path, query or credentials in a refusal", () => {
    for (const url of ["https://10.0.0.1/hook-s3cret?k=s3cret", "https://u:s3cret@example.com/", "http://a.b/s3cret"]) {
      expect(refusalOf(url)).toEqual(expect.objectContaining({ message: expect.not.stringContaining("s3cret") }));
    }
  });

  describe("with allowInsecure", () => {
    test.each([
      "http://127.0.0.1:5001/x",
      "http://localhost:5001/x",
      "http://app.localhost/",
      "http://[::1]:8080/",
      "http://[::ffff:7f00:1]/",
      "http://example.com/",
      "https://example.com/",
    ])("allows %s", (url) => {
      expect(checkOutboundUrl(url, emulator).href).toBe(url);
    });

    test.each([
      ["http://10.0.0.1", /not a public address/],
      ["http://192.168.0.1", /not a public address/],
      ["http://0.0.0.0", /not a public address/],
      ["http://169.254.169.254", /not a public address/],
      ["http://[fd00::1]", /not a public address/],
      ["http://metadata.google.internal", /private network/],
      ["http://user:password@localhost", /user name or a password/],
      ["ftp://localhost", /scheme is ftp:/],
    ])("still refuses %s", (url, message) => {
      expect(refusalOf(url, emulator)).toEqual(refusal(message));
    });
  });

  describe("with allowed hosts", () => {
    test.each([
      ["https://example.com", "example.com"],
      ["https://EXAMPLE.com.", "Example.Com"],
      ["https://example.com", " example.com. "],
      ["https://a.example.com", "*.example.com"],
      ["https://a.b.example.com", "*.EXAMPLE.com."],
      ["https://xn--mnchen-3ya.example", "München.example"],
      ["https://8.8.8.8", "8.8.8.8"],
    ])("allows %s by %s", (url, entry) => {
      expect(checkOutboundUrl(url, onlyHosts("other.example", entry))).toBeInstanceOf(URL);
    });

    test.each([
      ["https://example.org", "example.com"],
      ["https://a.example.com", "example.com"],
      ["https://example.com", "*.example.com"],
      ["https://badexample.com", "*.example.com"],
      ["https://example.com.evil.example", "*.example.com"],
      ["https://8.8.4.4", "8.8.8.8"],
    ])("refuses %s by %s", (url, entry) => {
      expect(refusalOf(url, onlyHosts(entry))).toEqual(refusal(/not among the allowed hosts/));
    });

    test.each(["https://127.0.0.1", "https://localhost", "https://metadata.google.internal"])(
      "an entry does not make %s public",
      (url) => {
        expect(refusalOf(url, onlyHosts(new URL(url).hostname))).toEqual(refusal(/./));
      },
    );
  });
});

describe("isPublicAddress", () => {
  test.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8"])(
    "%s is public",
    (address) => {
      expect(isPublicAddress(address, production)).toBe(true);
    },
  );

  test.each([
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
    "0177.0.0.1",
    "2130706433",
    "example.com",
    "",
  ])("%s is not, in the emulator neither", (address) => {
    expect(isPublicAddress(address, production)).toBe(false);
    expect(isPublicAddress(address, emulator)).toBe(false);
  });

  test.each(["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"])("%s is so only in the emulator", (address) => {
    expect(isPublicAddress(address, production)).toBe(false);
    expect(isPublicAddress(address, emulator)).toBe(true);
  });
});
