// Child processes with everything below them: what runs, and how all of it is ended.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** One running process. `started` tells it from another that got the same id later. */
export type Process = { pid: number; parent: number; group: number; started: string };

function fromProc(): Process[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      // The second field is the program's name in parentheses and may hold anything (proc_pid_stat(5)).
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z") return [];
      return [{ pid: Number(entry), parent: Number(fields[1]), group: Number(fields[2]), started: fields[19] ?? "" }];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}

function fromPs(): Process[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat=,lstart="], { encoding: "utf8" });
  return (stdout ?? "").split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (!match || match[4]?.startsWith("Z")) return [];
    const [pid, parent, group] = match.slice(1, 4).map(Number);
    return [{ pid: pid ?? 0, parent: parent ?? 0, group: group ?? 0, started: match[5] ?? "" }];
  });
}

const runningProcesses = (): Process[] => (existsSync("/proc/self/stat") ? fromProc() : fromPs());

/**
 * The process `pid`, what is in the process group that it leads, and everything below these. A group outlives its
 * leader, so what a dead leader left behind is found too.
 */
export function processTree(pid: number): Process[] {
  const all = runningProcesses();
  const tree = new Set(all.filter((process) => process.pid === pid || process.group === pid));
  for (const { pid: parent } of tree) for (const process of all) if (process.parent === parent) tree.add(process);
  return [...tree];
}

/** Those of `processes` that still run. */
export function stillRunning(processes: Process[]): Process[] {
  const now = new Map(runningProcesses().map((process) => [process.pid, process.started]));
  return processes.filter((process) => now.get(process.pid) === process.started);
}

/** Sends `signal` to those of `processes` that still run. */
export function signalAll(processes: Process[], signal: NodeJS.Signals): void {
  for (const { pid } of stillRunning(processes)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended meanwhile.
    }
  }
}

/**
 * Ends the process `pid`: `signal` to it alone, so that it can end what is below it in order, and after `graceMs`, or
 * when it is gone, SIGKILL to whatever is left of its tree and of `others`. Resolves when nothing is.
 */
export async function endTree(
  pid: number,
  signal: NodeJS.Signals,
  graceMs: number,
  others: Process[] = [],
): Promise<void> {
  let known = others;
  const look = (): Process[] => {
    const tree = processTree(pid);
    known = stillRunning([...known, ...tree]);
    return tree;
  };
  signalAll(
    look().filter((process) => process.pid === pid),
    signal,
  );
  const deadline = performance.now() + graceMs;
  while (look().some((process) => process.pid === pid) && performance.now() < deadline) await sleep(50);
  for (look(); known.length > 0; look()) {
    signalAll(known, "SIGKILL");
    await sleep(20);
  }
}
