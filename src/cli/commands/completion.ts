import { Argument, Command } from 'commander';
import { examples } from '../examples.js';
import { talkOf } from '../talk.js';
import { oneOf } from '../values.js';

/** A command as a shell must know it. */
interface Known {
  /** The words that lead to it. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly {
    /** As they are typed: --input, -i. */
    readonly flags: readonly string[];
    readonly description: string;
    readonly takes: boolean;
    readonly choices: readonly string[];
  }[];
  /** What may stand where no option does, where that is known. */
  readonly words: readonly string[];
  readonly subcommands: readonly Known[];
}

const SHELLS: Readonly<Record<string, (all: Known) => string>> = {
  bash,
  // zsh knows what bash does, once it is told to.
  zsh: (all) => `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(all)}`,
  fish,
};

/** `factorloom completion SHELL`: what lets a shell complete commands and options. */
export const completionCommand = (): Command =>
  new Command('completion')
    .description('Print the script that completes commands and options, for a shell to source')
    .addArgument(
      new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)).argParser(oneOf(Object.keys(SHELLS))),
    )
    .addHelpText(
      ...examples(
        'source <(factorloom completion bash)   # in ~/.bashrc it stays',
        'source <(factorloom completion zsh)    # in ~/.zshrc',
        'factorloom completion fish | source',
      ),
    )
    .action((shell: string, _flags: object, command: Command) => {
      const { parent } = command;
      if (parent !== null) talkOf(command).print(SHELLS[shell](known(parent, [], parent)));
    });

function known(command: Command, path: readonly string[], root: Command): Known {
  const own = command === root ? command.options : [...command.options, ...root.options];
  return {
    path,
    description: command.description(),
    options: [
      ...own.map(({ short, long, description, required, optional, argChoices = [] }) => ({
        flags: [long, short].flatMap((flag) => flag ?? []),
        ...{ description, takes: required || optional, choices: argChoices },
      })),
      { flags: ['--help', '-h'], description: 'help', takes: false, choices: [] },
    ],
    words: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
    subcommands: command.commands.flatMap((sub) =>
      [sub.name(), ...sub.aliases()].map((name) => known(sub, [...path, name], root)),
    ),
  };
}

const withAll = (command: Known): readonly Known[] => [command, ...command.subcommands.flatMap(withAll)];

function bash(root: Known): string {
  const all = withAll(root);
  const place = ({ path }: Known) => path.map((word) => `/${word}`).join('');
  const nested = all.filter(({ path }) => path.length > 0).map(place);
  const values = all.flatMap((command) =>
    command.options.flatMap(({ flags, takes, choices }) =>
      takes ? flags.map((flag) => `    ${place(command)}:${flag}) words='${choices.join(' ')}' ;;`) : [],
    ),
  );
  const words = all.map((command) => {
    const own = [
      ...command.subcommands.map(({ path }) => path[path.length - 1]),
      ...command.words,
      ...command.options.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith('--'))),
    ];
    return `        '${place(command)}') words='${own.join(' ')}' ;;`;
  });
  return `_factorloom() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place/\${COMP_WORDS[i]}" in
      ${nested.join('|')}) place="$place/\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$place:$previous" in
${values.join('\n')}
    *)
      case "$place" in
${words.join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _factorloom factorloom
`;
}

const quoted = (text: string): string => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;

function fish(root: Known): string {
  const lines = withAll(root).flatMap((command) => {
    const { path, options, words, subcommands } = command;
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const names = subcommands.map((sub) => sub.path[sub.path.length - 1]);
    const yet = names.length === 0 ? [] : [`not __fish_seen_subcommand_from ${names.join(' ')}`];
    const when = (conditions: readonly string[]) =>
      conditions.length === 0 ? '' : ` -n ${quoted(conditions.join('; and '))}`;
    return [
      ...subcommands.map(
        (sub, i) => `complete -c factorloom -f${when([...seen, ...yet])} -a ${names[i]} -d ${quoted(sub.description)}`,
      ),
      ...(words.length === 0 ? [] : [`complete -c factorloom${when(seen)} -a ${quoted(words.join(' '))}`]),
      ...options.map(({ flags, description, takes, choices }) => {
        const own = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
        const value = choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : takes ? ' -r' : '';
        return `complete -c factorloom${when(path.length === 0 ? yet : seen)} ${own.join(' ')}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `${lines.join('\n')}\n`;
}
