// Puts the built addon beside the compiled kernels, where a published package looks for it.
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../src/kernels/native/', import.meta.url));
const to = fileURLToPath(new URL('../dist/kernels/native/', import.meta.url));
mkdirSync(to, { recursive: true });
for (const name of readdirSync(from).filter((file) => file.endsWith('.node'))) cpSync(from + name, to + name);
