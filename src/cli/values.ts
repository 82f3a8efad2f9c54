import { InvalidArgumentError, Option } from 'commander';
import { closest } from '../issues.js';

/** A whole number that is not below `least`. */
export const whole = (least: number) => (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw new InvalidArgumentError(`It must be a whole number, at least ${least}.`);
  return value;
};

/** A number that is not below `least`. */
export const number = (least: number) => (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least)
    throw new InvalidArgumentError(`It must be a number, at least ${least}.`);
  return value;
};

/** Whole numbers ≥ 1: '2,4,8', '2:10', '2:20:2' (from, to, by), or several of these. */
export function ranks(text: string): readonly number[] {
  const rule = "It must be whole numbers, at least 1: '2,4,8', '2:10', or '2:20:2' for every second.";
  const found = text.split(',').flatMap((part) => {
    const [from, to = from, by = 1, ...rest] = part
      .split(':')
      .map((one) => (/^\d+$/.test(one.trim()) ? Number(one) : 0));
    if (rest.length > 0 || from < 1 || to < from || by < 1 || to > MOST_RANK) throw new InvalidArgumentError(rule);
    return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by);
  });
  return [...new Set(found)];
}

/** A rank that no matrix has: a slip of the hand must not fill memory. */
const MOST_RANK = 100_000;

/** An option that takes one of some words. */
export function choice(flags: string, description: string, words: readonly string[]): Option {
  // Choices are told in the help and by the completion; what reads them then is ours.
  return new Option(flags, description).choices([...words]).argParser(oneOf(words));
}

/** One of some words; what is nearly one is told. */
export const oneOf = (words: readonly string[]) => (text: string) => {
  if (words.includes(text)) return text;
  const meant = closest(text, words);
  throw new InvalidArgumentError(
    `It must be one of ${words.join(', ')}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
  );
};

type Values = readonly (number | string | boolean)[];

/** One more parameter and its values: numbers, true and false, or words. */
export function param(text: string, before: Readonly<Record<string, Values>> = {}): Readonly<Record<string, Values>> {
  const [, name, list] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || list === undefined) throw new InvalidArgumentError('It must be name=value,value.');
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`There is a parameter '${name}' before.`);
  const valueIn = (word: string) => {
    if (word === 'true' || word === 'false') return word === 'true';
    return word.trim() === '' || Number.isNaN(Number(word)) ? word : Number(word);
  };
  return { ...before, [name]: list.split(',').map(valueIn) };
}
