import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** One run of a sweep in one process, as others see it. */
export interface Owner {
  /** Of this run alone. */
  readonly id: string;
  /** The machine, and what its process numbers mean there. */
  readonly host: string;
  readonly pid: number;
  /** When the process began, in the words of the system: numbers are given again. */
  readonly started: string;
}

/** A new owner, this process. */
export function newOwner(): Owner {
  return { id: crypto.randomUUID(), host: host(), pid: process.pid, started: startOf(process.pid)?.started ?? '' };
}

/** Whether its process is known to be gone; false where that can't be seen from here. */
export function isGone({ host: where, pid, started }: Owner): boolean {
  if (where !== host()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // It may be there and not ours to signal.
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
  const now = startOf(pid);
  if (now === undefined) return false;
  return now.dead || now.started !== started;
}

/** Containers may have a name in common, and yet each its own numbers. */
function host(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')} ${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`;
  } catch {
    return hostname();
  }
}

/** From /proc, where there is one: after the name, in brackets, come the state and, as 20th, the start. */
function startOf(pid: number): { readonly started: string; readonly dead: boolean } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { started: fields[19] ?? '', dead: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return undefined;
  }
}
