import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { root } from './context.js';

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly avx512: boolean;
  readonly node: string;
  readonly rust: string;
  readonly git: string;
  readonly platform: string;
}

/** What the figures depend on; nothing that tells one machine of a kind from another. */
export function describeMachine(): Machine {
  const cores = cpus();
  const dirty = said('git', ['status', '--porcelain', '--', 'src']) === '' ? '' : ' + changes in src';
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    avx512: hasAvx512(),
    node: process.version,
    rust: said('rustc', ['--version']),
    git: said('git', ['rev-parse', '--short', 'HEAD']) + dirty,
    platform: `${process.platform} ${process.arch}`,
  };
}

export function hasAvx512(): boolean {
  return existsSync('/proc/cpuinfo') && /\bavx512f\b/.test(readFileSync('/proc/cpuinfo', 'latin1'));
}

/** Load averages of 1 and 5 minutes. */
export const load = (): readonly number[] =>
  loadavg()
    .slice(0, 2)
    .map((x) => Number(x.toFixed(2)));

function said(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
