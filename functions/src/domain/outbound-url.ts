import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";
import { BoomerangError } from "./errors.ts";

export interface OutboundPolicy {
  /** Only in the emulator: plain http and loopback addresses too. Other private ranges stay refused. */
  readonly allowInsecure: boolean;
  /** Host names, with a leading `*.` for the subdomains of a name. Empty: any public host. */
  readonly allowedHosts: readonly string[];
}

const MAX_URL_LENGTH = 2048;

/** RFC 1035: 253 characters, labels of 1 to 63. Underscores occur in real host names. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

/** Names that never mean a public host: RFC 6762 (with appendix G), RFC 8375, ICANN's `internal`. */
const PRIVATE_DOMAINS = ["internal", "local", "localdomain", "home.arpa", "intranet", "private", "corp", "home", "lan"];

/** 2000::/3, the only IPv6 space that IANA hands out as global unicast. Leaves out `::a.b.c.d` and fec0::/10. */
const GLOBAL_UNICAST_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Checks a URL that somebody else gave, before anything is sent to it, and returns it parsed, its host in lower case
 * and without a trailing dot. The name's addresses are checked later, by `isPublicAddress`, when it is resolved.
 * @throws BoomerangError `url_not_allowed` (422), naming what is wrong. Never with the path or the query, which may
 *   hold a credential.
 */
export function checkOutboundUrl(url: string, policy: OutboundPolicy): URL {
  if (url.length > MAX_URL_LENGTH) {
    throw refuse(`The URL has ${url.length} characters: ${MAX_URL_LENGTH} is the most.`);
  }
  const parsed = parse(url);
  if (parsed.protocol !== "https:" && !(policy.allowInsecure && parsed.protocol === "http:")) {
    throw refuse(`The URL's scheme is ${parsed.protocol.slice(0, 32)} Only https: is allowed.`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw refuse("The URL holds a user name or a password. Send credentials in a header instead.");
  }
  const host = canonicalHost(parsed.hostname);
  const address = bareHost(host);
  if (isIP(address) !== 0) {
    if (!isPublicAddress(address, policy)) throw refuse(`The URL's host ${address} is not a public address.`);
  } else {
    checkName(host, policy);
    parsed.hostname = host;
  }
  if (policy.allowedHosts.length > 0 && !policy.allowedHosts.some((entry) => matchesHost(host, entry))) {
    throw refuse(`The URL's host ${address} is not among the allowed hosts. Ask the operator to add it.`);
  }
  return parsed;
}

/**
 * Whether an address in text form, as a resolver returns it, may be connected to: public unicast (IANA's special-purpose
 * registries, RFC 6890), IPv4-mapped IPv6 unwrapped. Every tunnel or translation prefix (NAT64, 6to4, Teredo) is
 * refused, because it can lead to any IPv4 address. With `allowInsecure` loopback is allowed too.
 */
export function isPublicAddress(address: string, policy: Pick<OutboundPolicy, "allowInsecure">): boolean {
  // isIP first: ipaddr.js also reads octal and short forms, which no resolver returns. A zone id means link-local.
  const version = isIP(address);
  if (version === 0 || address.includes("%")) return false;
  // ipaddr.js takes `::8.8.8.8` for `::ffff:8.8.8.8`, unlike the system: let the URL parser write it in hex first.
  const parsed = ipaddr.process(version === 4 ? address : bareHost(new URL(`http://[${address}]`).hostname));
  const range = parsed.range();
  if (range === "loopback") return policy.allowInsecure;
  if (range !== "unicast") return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_UNICAST_IPV6);
}

/** The host of a URL as the socket layer takes it: an IPv6 literal without its brackets. */
export function bareHost(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

function parse(url: string): URL {
  // The URL parser drops tabs and line ends in silence, so that what a person reads is not what is called.
  if (/\p{Cc}/u.test(url)) throw refuse("The URL contains control characters. Remove them.");
  const parsed = URL.parse(url);
  if (parsed === null) throw refuse("This is not a valid URL. Give an absolute one, such as https://example.com/hook.");
  return parsed;
}

function checkName(host: string, policy: OutboundPolicy): void {
  if (!HOST_NAME.test(host)) throw refuse("The URL's host is not a valid host name.");
  if (isWithin(host, "localhost")) {
    if (!policy.allowInsecure) throw refuse(`The URL's host ${host} means this machine. Use a public host.`);
    return;
  }
  if (!host.includes(".")) throw refuse(`The URL's host ${host} is not a full name. Use a public host.`);
  if (PRIVATE_DOMAINS.some((domain) => isWithin(host, domain))) {
    throw refuse(`The URL's host ${host} is a name of a private network. Use a public host.`);
  }
}

function matchesHost(host: string, entry: string): boolean {
  const name = entry.trim();
  if (!name.startsWith("*.")) return host === canonicalHost(toAscii(name));
  return host.endsWith(`.${canonicalHost(toAscii(name.slice(2)))}`);
}

/** As the URL parser writes names (punycode), so that an entry can be typed as a person would. */
function toAscii(name: string): string {
  return domainToASCII(name) || name;
}

function canonicalHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

function refuse(message: string): BoomerangError {
  return new BoomerangError("url_not_allowed", message, { status: 422 });
}
