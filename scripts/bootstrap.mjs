// Makes a fresh clone ready: installs packages and builds the native kernels, each only when missing or stale.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(root, 'src', 'kernels', 'native');
const windows = process.platform === 'win32';

/** One hash over the names and contents of files and folders, build products left out. */
function fingerprint(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === 'target' || entry.name.endsWith('.node') || entry.name === '.stamp') continue;
      const child = join(path, entry.name);
      if (entry.isDirectory()) visit(child);
      else hash.update(entry.name).update(readFileSync(child));
    }
  };
  for (const path of paths) {
    if (path.endsWith('.json')) hash.update(readFileSync(path));
    else visit(path);
  }
  return hash.digest('hex');
}

const readStamp = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

function must(command, args, why) {
  console.error(`${why}: ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: windows });
  if (status === 0) return;
  console.error(`${command} failed${error === undefined ? '' : `: ${error.message}`}`);
  process.exit(status ?? 1);
}

const works = (command) => spawnSync(command, ['--version'], { stdio: 'ignore', shell: windows }).status === 0;

const packages = join(root, 'node_modules', '.stamp');
const wantedPackages = `${process.version} ${fingerprint([join(root, 'package-lock.json')])}`;
if (readStamp(packages) !== wantedPackages) {
  // Not 'npm ci': it refuses a lock file that does not list the packages of every other platform.
  must('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], 'Installing packages');
  writeFileSync(packages, wantedPackages);
}

const built = join(native, '.stamp');
const addons = () => readdirSync(native).filter((name) => name.endsWith('.node'));
const ours = () => addons().filter((name) => name.startsWith(`factorloom.${process.platform}-${process.arch}`));
/** Sources, package version, and the addons with their sizes: a broken one is built anew. */
const state = () =>
  [
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    fingerprint([native]),
    ...ours().map((name) => `${name} ${statSync(join(native, name)).size}`),
  ].join('\n');
if (ours().length === 0 || readStamp(built) !== state()) {
  if (works('cargo')) {
    must('npm', ['run', '--silent', 'build:native'], 'Building the native kernels');
    writeFileSync(built, state());
  } else {
    // Kernels of an older source must not be mistaken for these.
    for (const name of addons()) rmSync(join(native, name));
    console.error(
      'No Rust here: running on the slow reference kernels. Install Rust (https://rustup.rs) for the fast ones.',
    );
  }
}
