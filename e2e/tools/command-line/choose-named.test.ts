import {expect, test} from 'vitest';
import {chooseNamed} from './choose-named.ts';

const known = {slow: 1, fast: 2};

test('[BN1] no name means all, and names keep their order', () => {
  expect(chooseNamed('benchmark', known, [])).toEqual([1, 2]);
  expect(chooseNamed('benchmark', known, ['fast', 'slow'])).toEqual([2, 1]);
});

test.for(['nope', 'toString'])('[CL5] "%s" is answered with the names that are known', (name) => {
  expect(() => chooseNamed('benchmark', known, [name])).toThrow(
    `There is no benchmark "${name}"; there are: slow, fast`,
  );
});
