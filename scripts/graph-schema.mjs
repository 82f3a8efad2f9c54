// Writes graph.schema.json, the JSON Schema of graph files, from the schemas that read them: npm run schema
import { writeFileSync } from 'node:fs';
import { graphJsonSchema } from '../src/io/graph-schema.js';

writeFileSync(new URL('../graph.schema.json', import.meta.url), `${JSON.stringify(graphJsonSchema(), null, 2)}\n`);
