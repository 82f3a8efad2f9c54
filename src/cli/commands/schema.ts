import { Command } from 'commander';
import { graphJsonSchema } from '../../io/graph-schema.js';
import { talkOf } from '../talk.js';

/** `factorloom schema`: the JSON Schema of graph files, in JSON and in YAML. */
export const schemaCommand = (): Command =>
  new Command('schema')
    .description('Print the JSON Schema of graph files in JSON or YAML, as graph.schema.json of the package has it')
    .action((_flags: object, command: Command) =>
      talkOf(command).print(`${JSON.stringify(graphJsonSchema(), null, 2)}\n`),
    );
