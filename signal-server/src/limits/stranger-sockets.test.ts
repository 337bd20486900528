import {expect, test} from 'vitest';
import type {Refusal} from './refusals.ts';
import {StrangerSockets} from './stranger-sockets.ts';

/** Opens sockets by name at chosen moments and tells which were ended. */
function create(maxSockets: number) {
  let nowMs = 0;
  const ended: string[] = [];
  const refused: Refusal[] = [];
  const sockets = new StrangerSockets({
    maxSockets,
    now: () => nowMs,
    refused: (reason) => refused.push(reason),
  });
  const open = (source: string, name: string) => sockets.add({source, end: () => ended.push(name)});
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return {sockets, open, pass, ended, refused};
}

test('[SK6] the longest silent goes first', () => {
  const {open, pass, ended, refused} = create(2);
  const speaking = open('a', 'speaking');
  pass(10);
  open('b', 'silent');
  pass(10);
  speaking.progress();
  open('c', 'last');
  expect(ended).toEqual(['silent']);
  expect(refused).toEqual(['socket-crowded-out']);
});

test('[SK6] a source that opens many ends its own', () => {
  const {open, pass, ended} = create(4);
  open('honest', 'honest');
  pass(10);
  for (const name of ['1', '2', '3', '4', '5', '6']) {
    open('crowd', name);
    pass(5);
  }
  expect(ended).toEqual(['1', '2', '3']);
});

test('[SK6] what has left is not counted, however often it leaves', () => {
  const {sockets, open, pass, ended} = create(1);
  const first = open('a', 'first');
  first.leave();
  first.leave();
  open('a', 'second');
  expect(sockets.size).toBe(1);
  pass(1);
  open('a', 'third');
  expect(ended).toEqual(['second']);
});
