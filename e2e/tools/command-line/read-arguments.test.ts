import {expect, test} from 'vitest';
import type {Command} from './command.ts';
import {readArguments} from './read-arguments.ts';

const command = {
  start: 'npm run sample',
  purpose: 'Shows how arguments are read.',
  operands: null,
  options: {
    tabs: {type: 'string', value: 'N', meaning: 'how many'},
    once: {type: 'boolean', meaning: 'ends early'},
  },
} as const satisfies Command;
const files = {name: 'FILE', meaning: 'to read'} as const;

test('[CL1] options have their values, and everything else is an operand', () => {
  const args = ['--tabs', '3', 'a', '--once', '--', '-b'];
  expect(readArguments({...command, operands: {...files, count: 'any'}}, args)).toMatchObject({
    kind: 'run',
    values: {tabs: '3', once: true},
    positionals: ['a', '-b'],
  });
  expect(readArguments(command, ['--tabs=-1'])).toMatchObject({values: {tabs: '-1'}});
});

test.for([
  [['--tab', '3'], 'There is no option --tab; there are: --tabs, --once, --help'],
  [['--toString'], 'There is no option --toString; there are: --tabs, --once, --help'],
  [['-x'], 'There is no option -x; there are: --tabs, --once, --help'],
  [['x'], '"x" is not an option; there are: --tabs, --once, --help'],
  [['--tabs'], '--tabs needs a value: --tabs=N'],
  [['--tabs', '-1'], '--tabs needs a value; one that begins with a dash is written --tabs=-1'],
  [['--once=yes'], '--once takes no value'],
] as const)('[CL1] %j is answered with the known options', ([args, sentence]) => {
  expect(() => readArguments(command, args)).toThrow(new Error(sentence));
});

test.for([
  [[], 'FILE is missing'],
  [['a', 'b'], 'there are too many files'],
] as const)('[CL1] where one file is expected, %j is answered with the usage', ([args, why]) => {
  expect(() => readArguments({...command, operands: {...files, count: 'one'}}, args)).toThrow(
    new Error(`Cannot start: ${why}. Usage: npm run sample -- FILE [options]`),
  );
});

test.for([['--help'], ['-h'], ['a', '--tab', '--help']])(
  '[CL8] %j asks for the help, whatever else is wrong',
  (args) => {
    expect(readArguments(command, args)).toEqual({kind: 'help'});
  },
);

test('[CL8] after a double dash, --help is an operand', () => {
  const found = readArguments({...command, operands: {...files, count: 'any'}}, ['--', '--help']);
  expect(found).toMatchObject({kind: 'run', positionals: ['--help']});
});
