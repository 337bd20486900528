import {expect, test} from 'vitest';
import {readArguments} from './read-arguments.ts';

const options = {tabs: {type: 'string'}, once: {type: 'boolean'}} as const;

test('[CL1] options have their values, and what is no option is an operand', () => {
  const args = ['--tabs', '3', 'a', '--once', '--', '-b'];
  expect(readArguments({options, operands: 'any', args})).toMatchObject({
    values: {tabs: '3', once: true},
    positionals: ['a', '-b'],
  });
  const {values} = readArguments({options, operands: 'none', args: ['--tabs=-1']});
  expect(values).toMatchObject({tabs: '-1'});
});

test.for([
  [['--tab', '3'], 'There is no option --tab; there are: --tabs, --once'],
  [['--toString'], 'There is no option --toString; there are: --tabs, --once'],
  [['-x'], 'There is no option -x; there are: --tabs, --once'],
  [['x'], '"x" is no option; there are: --tabs, --once'],
  [['--tabs'], '--tabs needs a value: --tabs=VALUE'],
  [['--tabs', '-1'], '--tabs needs a value; one that begins with a dash is written --tabs=-1'],
  [['--once=yes'], '--once takes no value'],
] as const)('[CL1] %j is answered with what there is', ([args, sentence]) => {
  expect(() => readArguments({options, operands: 'none', args})).toThrow(new Error(sentence));
});

test('[CL1] where there are no options that is said', () => {
  const args = ['--port=80'];
  expect(() => readArguments({options: {}, operands: 'none', args})).toThrow(
    'There is no option --port; there are none',
  );
});
