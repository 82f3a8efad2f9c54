#!/usr/bin/env node
// The command line: of the built package, or in a clone of the project of its sources, which dist/ may be older than.
import { existsSync } from 'node:fs';

const sources = new URL('../src/cli/main.ts', import.meta.url);
if (existsSync(sources)) {
  try {
    const { register } = await import('tsx/esm/api');
    register();
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(
      "factorloom: a clone must be set up before it is used; got one without its packages. Run 'npm start' in it.",
    );
    process.exit(1);
  }
  await import(sources.href);
} else {
  await import('../dist/cli/main.js');
}
