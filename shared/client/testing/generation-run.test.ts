import {expect, test} from 'vitest';
import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {A, B, C, task} from '#shared/session/generation/testing/generation-script.ts';
import {VirtualTime} from '#shared/lab/virtual-swarm/virtual-time.ts';
import {GenerationRun} from '../generation-run.ts';

const [HEAD, MIDDLE] = [asPeerId('a'), asPeerId('b')];
const MISSING = [{startLayer: 0, endLayer: 2, why: 'unreachable'}] as const;

/** An answer over A, B and C, and over `others` once some of these are avoided. */
function askedOver(others: readonly Hop[] = []) {
  const published = new Map<PeerId, number>([A, B, C].map(({peerId}) => [peerId, 0]));
  const time = new VirtualTime();
  let opened = 0;
  const run = new GenerationRun({task: task(), closed: []}, time.clock, {
    choose: ({avoid}) =>
      avoid.size > 0 && others.length === 0
        ? {kind: 'gap', missing: MISSING}
        : {kind: 'chain', hops: avoid.size > 0 ? others : [A, B, C], stepMs: 10, promptTokenMs: 1},
    promise: () => () => undefined,
    send: (_, {kind}) => {
      if (kind === 'open') opened += 1;
    },
    reach: () => undefined,
    publishedAtMs: (peerId) => published.get(peerId) ?? null,
    report: () => undefined,
    timed: () => undefined,
    tell: () => undefined,
    end: () => undefined,
  });
  const pass = (ms: number) => {
    time.runUntil(time.nowMs + ms);
  };
  const publish = (peerId: PeerId) => {
    published.set(peerId, (published.get(peerId) ?? 0) + 1);
    run.seeSnapshot();
  };
  const unlist = (...peerIds: readonly PeerId[]) => {
    for (const peerId of peerIds) published.delete(peerId);
    run.seeSnapshot();
  };
  run.start();
  return {run, pass, publish, unlist, opened: () => opened};
}

test('[GN25] a hop that cannot reach the next one is asked again a second later, not with each record in which its load has changed', () => {
  const {run, pass, publish, opened} = askedOver();
  const refuse = () => {
    const {epoch} = run.state.answer;
    const refusal = {code: 'PEER_UNREACHABLE', peerId: HEAD, reportedBy: HEAD} as const;
    run.take({kind: 'refused', epoch, refusal});
  };
  expect(opened()).toBe(1);
  refuse();
  for (let record = 0; record < 8; record += 1) {
    pass(100);
    publish(HEAD);
  }
  expect(opened()).toBe(1);
  publish(MIDDLE);
  expect(opened()).toBe(1);
  // No further record comes: by the answer's own clock.
  pass(1_000);
  expect(opened()).toBe(2);
  refuse();
  pass(2_000);
  expect(opened()).toBe(2);
});

test('[GN23] a hop that had no record when its chain was chosen is not lost for that; one whose record goes while the chain opens is', () => {
  const {run, publish, unlist} = askedOver();
  const {peerId} = B;
  unlist(peerId);
  expect(run.state.answer.avoid.has(peerId)).toBe(true);
  expect(run.state.kind).toBe('waiting');
  // It leaves, and serves what it has to the end.
  run.take({kind: 'reached', peerId});
  expect(run.state.kind).toBe('opening');
  publish(HEAD);
  publish(HEAD);
  expect(run.state.kind).toBe('opening');
  unlist(HEAD);
  expect(run.state.answer.avoid.has(HEAD)).toBe(true);
});

test('[GN23] of two hops whose records go at once, the one that the next chain keeps is not lost with the other', () => {
  const {run, unlist, opened} = askedOver([B, C]);
  unlist(A.peerId, B.peerId);
  expect([...run.state.answer.avoid.keys()]).toEqual([A.peerId]);
  expect({kind: run.state.kind, opened: opened()}).toEqual({kind: 'opening', opened: 2});
});
