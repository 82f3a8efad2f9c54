import { peersFor } from '../peers.js';

/** The package that graph files in YAML are read and written with, and the versions that will do: an optional peer of this one. */
export const YAML_PEERS = { yaml: '^2.9.1' } as const;

const own = peersFor('read and write graph files in YAML', YAML_PEERS);

export const loadYaml = (): Promise<typeof import('yaml')> => own.load('yaml', () => import('yaml'));
