import { Command } from 'commander';
import { factorNet } from '../../index.js';
import { type GraphFlags, graphOf, withGraph } from '../graph.js';
import { meterOf } from '../progress.js';
import { talkOf } from '../talk.js';

/** `factorloom explain GRAPH`: what would run. */
export const explainCommand = (): Command =>
  withGraph(new Command('explain'))
    .description('Print the plan of a graph: shapes, kernels, what each step costs. Nothing is fitted')
    .option('--mermaid', 'as a Mermaid flowchart')
    .action(async (file: string | undefined, flags: GraphFlags & { mermaid?: true }, command: Command) => {
      const { output, config } = await graphOf(file, { ...flags, meter: meterOf(talkOf(command)) });
      const net = factorNet(output, config);
      talkOf(command).result(
        () => (flags.mermaid ? net.toMermaid() : net.explain()),
        () => net.plan,
      );
    });
