// Prints the table that README quotes, from the last run, or from the JSON file it is given.
import { readFileSync } from 'node:fs';
import { quoteTable } from './report/quote-table.js';
import type { Report } from './report/report.js';

const latest = process.argv[2] ?? new URL('results/latest.json', import.meta.url);
console.log(quoteTable(JSON.parse(readFileSync(latest, 'utf8')) as Report)); // main.ts wrote it
