// Says which of the stack's fixed ports is taken, by whom, before an emulator stumbles over it.
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { FriendlyError } from "./friendly-error.ts";
import { hubUrl, ports } from "./layout.ts";

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port }, () => server.close(() => resolve(true)));
  });

/** The inode of the socket that listens on `port` (proc_net(5): local address in hex, state 0A, inode tenth). */
function listeningInode(port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"].filter(existsSync)) {
    for (const line of readFileSync(table, "utf8").split("\n")) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(suffix) && fields[3] === "0A") return fields[9];
    }
  }
  return undefined;
}

/** "process 123 (java -jar …)" that listens on `port`, where this system tells. */
function ownerOf(port: number): string | undefined {
  const inode = listeningInode(port);
  if (inode === undefined) {
    const { stdout } = spawnSync("lsof", ["-nP", "-t", `-iTCP:${port}`, "-sTCP:LISTEN"], { encoding: "utf8" });
    const pid = stdout?.trim().split("\n")[0];
    return pid ? `process ${pid}` : undefined;
  }
  for (const folder of globSync("/proc/[0-9]*/fd")) {
    try {
      if (!readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`) === `socket:[${inode}]`)) continue;
    } catch {
      continue; // Ended meanwhile, or another user's.
    }
    const pid = folder.split("/")[2];
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim().slice(0, 80);
    return `process ${pid} (${command})`;
  }
  return undefined;
}

/** The process id of the emulators that already run here, asked from their hub. */
async function runningStack(): Promise<number | undefined> {
  const answer = await fetch(hubUrl, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
  const hub = (await answer?.json().catch(() => undefined)) as { pid?: number } | undefined;
  return hub?.pid;
}

/** @throws FriendlyError that names every busy port, what it is for, and who has it. */
export async function checkPorts(): Promise<void> {
  const busy: string[] = [];
  for (const { port, what } of Object.values(ports)) {
    if (!(await answers(port)) && (await canListen(port))) continue;
    const airplay = process.platform === "darwin" && port === 5000;
    const owner = airplay ? "perhaps the AirPlay Receiver: System Settings, General, AirDrop & Handoff" : ownerOf(port);
    busy.push(`  ${port}, for ${what}${owner ? `: taken by ${owner}` : ""}`);
  }
  if (busy.length === 0) return;
  const pid = await runningStack();
  if (pid !== undefined) {
    throw new FriendlyError(
      `A local stack is up already (its emulators are process ${pid}), and there can be only one, as its ports are ` +
        "fixed: stop it, with Ctrl-C in its terminal, and try again.",
    );
  }
  throw new FriendlyError(
    `The local stack cannot start, as these ports on 127.0.0.1 are taken:\n${busy.join("\n")}\n` +
      "Stop what uses them and try again.",
  );
}
