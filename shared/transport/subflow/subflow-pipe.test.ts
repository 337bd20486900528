import {expect, test} from 'vitest';
import {MESSAGE_BYTES, WINDOW_BYTES} from '../frames/frame-wire.ts';
import {MemoryChannels, type MemoryPipe} from '../testing/memory-channels.ts';
import {SubflowPipe} from './subflow-pipe.ts';

type Heard = {bytes: number[]; nonsense: string[]; ends: number};

/** Two ends of a pipe over one subflow, and the ends of a second. */
function connect() {
  const channels = new MemoryChannels();
  const pairOf = (name: string) =>
    [channels.pipe(['a', 'b'], name), channels.pipe(['a', 'b'], name)] as const;
  const [first, second] = [pairOf('first'), pairOf('second')];
  const heard: Heard = {bytes: [], nonsense: [], ends: 0};
  const [from, to] = [new SubflowPipe(first[0]), new SubflowPipe(first[1])];
  listen(from, {bytes: [], nonsense: [], ends: 0});
  listen(to, heard);
  return {from, to, heard, first, second};
}

function listen(pipe: SubflowPipe, heard: Heard): void {
  pipe.listen({
    onBytes: (bytes) => heard.bytes.push(...bytes),
    onNonsense: (what) => heard.nonsense.push(what),
    onDrain: () => undefined,
    onClosed: () => {
      heard.ends += 1;
    },
  });
}

const send = (pipe: MemoryPipe, ...bytes: readonly number[]) => pipe.send(Uint8Array.from(bytes));

/** Memory hands on what was sent in the next turns of the loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1)
    await new Promise((resolve) => void setImmediate(resolve));
}

test('[TR32] bytes keep their order when a pipe divides, and half of the messages take each way', async () => {
  const {from, to, heard, first, second} = connect();
  const sent = Array.from({length: 4 * MESSAGE_BYTES}, (_, at) => at % 251);
  from.send(Uint8Array.from(sent.slice(0, 10)));
  from.add(second[0]);
  to.add(second[1]);
  from.divide();
  from.send(Uint8Array.from(sent.slice(10)));
  await settle();
  expect(heard).toEqual({bytes: sent, nonsense: [], ends: 0});
  // Ten bytes, the division and two messages; two messages.
  expect([first[0].sentMessages, second[0].sentMessages]).toEqual([4, 2]);
});

test('[TR32] what comes before its turn waits for it', async () => {
  const {to, heard, first, second} = connect();
  to.add(second[1]);
  send(second[0], 2);
  send(second[0], 4);
  await settle();
  expect(heard.bytes).toEqual([]);
  send(first[0], 1);
  send(first[0]);
  send(first[0], 3);
  send(first[0], 5);
  await settle();
  expect(heard).toEqual({bytes: [1, 2, 3, 4, 5], nonsense: [], ends: 0});
});

test('[TR33] a division where there is nothing to divide, a second one, or a window of bytes before their turn breaks a promise', async () => {
  const alone = connect();
  alone.first[0].send(new Uint8Array());
  await settle();
  expect(alone.heard.nonsense).toEqual(['a message without a byte']);
  const twice = connect();
  twice.to.add(twice.second[1]);
  twice.first[0].send(new Uint8Array());
  twice.second[0].send(new Uint8Array());
  await settle();
  expect(twice.heard.nonsense).toEqual(['a message without a byte']);
  const early = connect();
  early.to.add(early.second[1]);
  early.second[0].send(new Uint8Array(WINDOW_BYTES));
  await settle();
  expect(early.heard.nonsense).toEqual([]);
  early.second[0].send(Uint8Array.of(1));
  await settle();
  expect(early.heard.nonsense).toEqual([`more than ${WINDOW_BYTES} bytes before their turn`]);
});

test('[TR33] a second subflow that ends before it is used is nothing, and afterwards the end of all', async () => {
  const {from, to, heard, second} = connect();
  from.add(second[0]);
  second[0].abort(new Error('Nobody came'));
  from.divide();
  from.send(Uint8Array.of(1));
  await settle();
  expect(heard).toEqual({bytes: [1], nonsense: [], ends: 0});
  const used = connect();
  used.from.add(used.second[0]);
  used.to.add(used.second[1]);
  used.from.divide();
  await settle();
  used.second[0].abort(new Error('The network has changed'));
  await settle();
  expect(used.heard.ends).toBe(1);
  to.abort(new Error('The end'));
});

test('[TR34] behind all that a divided pipe sends at once, three probes follow over each way that it took', async () => {
  const {from, to, first, second} = connect();
  from.send(Uint8Array.of(1));
  from.add(second[0]);
  to.add(second[1]);
  await settle();
  from.divide();
  await settle();
  const probes = () => [first[0].sentProbes, second[0].sentProbes];
  expect(probes()).toEqual([0, 0]);
  from.send(Uint8Array.of(2));
  await settle();
  expect(probes()).toEqual([0, 3]);
  from.send(new Uint8Array(9 * MESSAGE_BYTES));
  from.send(Uint8Array.of(3));
  await settle();
  expect(probes()).toEqual([3, 6]);
});
