import { expect, test } from 'vitest';
import { meterOf } from '../../src/cli/progress.js';
import type { Talk } from '../../src/cli/talk.js';
import { param, ranks } from '../../src/cli/values.js';
import { suffices } from '../../src/environment/environment.js';

const talk = (quiet: boolean, said: string[]): Talk => ({
  ...{ json: false, quiet },
  result: () => {},
  print: () => {},
  say: (line) => void (quiet || said.push(`${line}\n`)),
  warn: () => {},
});

/** A terminal, as far as a meter knows one. */
const terminal = (said: string[], isTTY: boolean) =>
  ({ isTTY, columns: 44, write: (text: string) => said.push(text) > 0 }) as unknown as NodeJS.WriteStream; // all that is asked of it

const patient = () => new Promise((resolve) => setTimeout(resolve, 100));

test('on a terminal a bar is drawn over itself, no wider than the terminal, and nothing of it is left', async () => {
  const said: string[] = [];
  const meter = meterOf(talk(false, said), terminal(said, true));
  meter.at(() => ({ text: 'too soon', share: 0 }));
  await patient();
  meter.at(() => ({ text: 'joint (1 of 2): iteration 50, loss 0.25', share: 0.5 }));
  meter.line('joint is done');
  meter.close();
  const [bar, erased, line, ...rest] = said;
  expect(bar).toBe(`\r\u001b[2K[${'='.repeat(12)}${' '.repeat(12)}] joint (1 of 2):…`);
  expect(bar.length - '\r\u001b[2K'.length).toBeLessThan(44);
  expect([erased, line, rest]).toEqual(['\r\u001b[2K', 'joint is done\n', []]);
});

test('in a pipe there are lines without control characters, and with --quiet none', async () => {
  for (const quiet of [false, true]) {
    const said: string[] = [];
    const meter = meterOf(talk(quiet, said), terminal(said, false));
    await patient();
    meter.at(() => ({ text: 'not every step', share: 0.1 }));
    meter.line('done');
    meter.close();
    expect(said).toEqual(quiet ? [] : ['done\n']);
  }
});

test('ranks and parameters as they are typed', () => {
  expect(ranks('2,4,8')).toEqual([2, 4, 8]);
  expect(ranks('2:5')).toEqual([2, 3, 4, 5]);
  expect(ranks('2:9:3,4,5')).toEqual([2, 5, 8, 4]);
  for (const text of ['', 'a', '0', '3:2', '1:2:0', '1:2:3:4', '-1', '1.5', '1:1000000000'])
    expect(() => ranks(text), text).toThrow('It must be whole numbers');
  expect(param('L1=0,1e-3', { k: [2] })).toEqual({ k: [2], L1: [0, 0.001] });
  expect(param('loss=kl,mse')).toEqual({ loss: ['kl', 'mse'] });
  expect(param('align=true,false')).toEqual({ align: [true, false] });
  for (const text of ['', 'a', '=1', 'a=']) expect(() => param(text), text).toThrow('It must be name=value');
  expect(() => param('a=1', { a: [2] })).toThrow("There is a parameter 'a' before");
});

test('which versions suffice', () => {
  const yes = [['6.4.0', '^6.4.0'], ['6.5.0', '^6.4.3'], ['6.4.10', '^6.4.3'], ['0.5.30', '^0.5.29']]; // biome-ignore format: one thought
  const no = [['7.0.0', '^6.4.0'], ['6.3.9', '^6.4.0'], ['6.4.2', '^6.4.3'], ['0.6.0', '^0.5.29'], ['0.5.2', '^0.5.29'], ['none', '^1.0.0']]; // biome-ignore format: one thought
  for (const [version, range] of yes) expect(suffices(version, range), `${version} for ${range}`).toBe(true);
  for (const [version, range] of no) expect(suffices(version, range), `${version} for ${range}`).toBe(false);
});
