import type { Command } from 'commander';

/** Takes what is said. */
interface Listener {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  hasColors?(): boolean;
}

/** Where commands speak: data go to stdout, talk to stderr. */
export interface Streams {
  readonly stdout: Listener;
  readonly stderr: Listener;
}

/** What every command takes. */
interface Everywhere {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** How a command speaks. */
export interface Talk extends Everywhere {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Data: as text for people, or with `--json` as JSON for machines. */
  result(text: () => string, data: () => unknown): void;
  /** Data as they are. */
  print(text: string): void;
  /** Talk: not heard with `--quiet`. */
  say(line: string): void;
  /** What must be heard. */
  warn(line: string): void;
}

const streams = new WeakMap<Command, Streams>();

/** Where a command and those below it speak. What commander itself has to say goes where its output is configured to. */
export const speakTo = (command: Command, own: Streams): void => void streams.set(command, own);

const streamsOf = (command: Command): Streams =>
  streams.get(command) ?? (command.parent === null ? process : streamsOf(command.parent));

export function talkOf(command: Command): Talk {
  const { json = false, quiet = false } = command.optsWithGlobals<Everywhere>();
  const { stdout, stderr } = streamsOf(command);
  const print = (text: string) => void stdout.write(text);
  return {
    json,
    quiet,
    print,
    result: (text, data) => print(`${json ? jsonText(data()) : visible(text())}\n`),
    say: (line) => void (quiet || stderr.write(`${visible(line)}\n`)),
    warn: (line) => void stderr.write(`${visible(line)}\n`),
  };
}

/** JSON in which typed arrays are lists; numbers that aren't finite are null. */
export const jsonText = (data: unknown): string =>
  JSON.stringify(
    data,
    (_, value: unknown) =>
      ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float64Array) : value, // whatever its numbers are
    2,
  );

/** Text without what a terminal would obey: names come from files that anybody may have made. */
export const visible = (text: string): string =>
  text.replace(/[^\P{Cc}\n\t]/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
