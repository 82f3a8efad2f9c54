import { MissingPeerError } from './errors.js';

/** Optional packages that one thing needs, and how they are loaded. */
export interface Peers<Name extends string> {
  /** The line that installs all of them. */
  readonly install: string;
  /**
   * What `load` loads of a package.
   *
   * @throws MissingPeerError with the error as its cause.
   */
  load<T>(name: Name, load: () => T): Promise<Awaited<T>>;
}

/** The line that installs packages of these versions. */
export const installing = (versions: Readonly<Record<string, string>>): string =>
  `npm install ${Object.entries(versions)
    .map(([name, version]) => `${name}@${version}`)
    .join(' ')}`;

/** @param purpose what they are for, as 'To … the package must be there' says it. */
export function peersFor<Name extends string>(purpose: string, versions: Readonly<Record<Name, string>>): Peers<Name> {
  const install = installing(versions);
  return {
    install,
    async load<T>(name: Name, load: () => T): Promise<Awaited<T>> {
      try {
        return await load();
      } catch (cause) {
        throw new MissingPeerError(name, install, cause, purpose);
      }
    },
  };
}
