import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { conversation } from './conversation.js';
import { pythonWithPeers } from './python.js';

/** scipy and pandas in a child process. */
export interface Readers {
  readonly scipy: string;
  readonly pandas: string;
  /** Reads a file; the seconds of that call alone, by its own clock. */
  read(by: 'mmread' | 'read_csv', path: string): Promise<{ readonly seconds: number }>;
  end(): void;
}

export async function startReaders(log: (line: string) => void): Promise<Readers> {
  const python = pythonWithPeers(log, ['pandas']);
  const child = spawn(python, [fileURLToPath(new URL('readers.py', import.meta.url))]);
  child.stderr.pipe(process.stderr);
  const ask = conversation(child, 'Python');
  const { scipy, pandas } = await ask({ op: 'about' });
  return {
    scipy: String(scipy),
    pandas: String(pandas),
    read: async (op, path) => ({ seconds: Number((await ask({ op, path })).seconds) }),
    end: () => child.stdin.end(),
  };
}
