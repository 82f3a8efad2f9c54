// Tests the Rust kernels, and checks their style where the toolchain has what it takes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cwd = fileURLToPath(new URL('../src/kernels/native', import.meta.url));
const has = (...args) => spawnSync('cargo', [...args, '--version'], { cwd, stdio: 'ignore' }).status === 0;

function must(...args) {
  const { status } = spawnSync('cargo', args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

if (!has()) {
  console.error('No Rust here: the tests of the native kernels are skipped.');
} else {
  if (has('fmt')) must('fmt', '--check');
  if (has('clippy')) must('clippy', '--quiet', '--locked', '--all-targets', '--', '-D', 'warnings');
  must('test', '--quiet', '--locked', '-p', 'factorloom-core', '-p', 'factorloom-text');
}
