import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

export type Message = Readonly<Record<string, unknown>>;

/** One question at a time to a child, each with one line of answer. */
export function conversation(
  child: ChildProcessWithoutNullStreams,
  name: string,
): (request: Message) => Promise<Message> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} ended early`);
    const reply = JSON.parse(value) as Message; // children write objects only
    if ('error' in reply) throw new Error(`${name}: ${reply.error}`);
    return reply;
  };
}
