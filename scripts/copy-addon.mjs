// Puts the built addon beside the compiled kernels, where a published package looks for it.
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../src/kernels/native/', import.meta.url));
const to = fileURLToPath(new URL('../dist/kernels/native/', import.meta.url));
mkdirSync(to, { recursive: true });
const addons = readdirSync(from).filter((file) => file.endsWith('.node'));
if (addons.length === 0 && process.argv.includes('--required')) {
  console.error('A package without the native kernels would be slow for everybody: install Rust first.');
  process.exit(1);
}
for (const name of addons) cpSync(from + name, to + name);
