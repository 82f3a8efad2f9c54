import { Command } from 'commander';
import { type Environment, environment, type OptionalPeer } from '../../index.js';
import { textTable } from '../../text-table.js';
import { talkOf } from '../talk.js';

/** `factorloom doctor`: what runs here, and what is missing. */
export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('Say what runs here: kernels, threads, optional packages, and the line that installs what is missing')
    .action(async (_flags: object, command: Command) => {
      const found = await environment();
      talkOf(command).result(
        () => environmentText(found),
        () => found,
      );
    });

function environmentText({
  version,
  node,
  platform,
  backend,
  simd,
  tried,
  threads,
  peers,
  install,
}: Environment): string {
  const kernels =
    backend === 'native'
      ? `native, ${simd}`
      : "reference, which is slow: the native kernels are missing. They are built by 'npm start' in a clone of the project, with Rust on the machine";
  const lines = [
    ['factorloom', version],
    ['node', `${node}, ${platform}`],
    ['kernels', kernels],
    ['threads', String(threads)],
  ];
  const rows = peers.map((peer) => [peer.name, peer.found ?? '', peerState(peer)]);
  return [
    textTable(lines[0], lines.slice(1), [0, 1]),
    ...tried.map(({ path, reason }) => `  tried ${path}: ${reason}`),
    '',
    textTable(['optional package', 'found', ''], rows, [0, 1, 2]),
    '',
    install === null ? 'Nothing is missing.' : `To have all of it:\n  ${install}`,
  ].join('\n');
}

const peerState = ({ found, fault, install }: OptionalPeer): string =>
  install === null ? 'ok' : `${found === null ? 'missing' : fault}: ${install}`;
