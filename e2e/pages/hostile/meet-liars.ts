import type {PeerId} from '#shared/base/ids.ts';
import type {AskRequest} from '#shared/client/chat/chat-service.ts';
import {hopLies, type LieName, type Place} from '#shared/testing/lies/hop-lies.ts';
import {extendAnswer, NO_ANSWER, type Answer} from '../../swarm/answer.ts';
import {AskFailedError} from '../../swarm/tab.ts';
import type {HostileWorld} from './hostile-world.ts';

/** A lie of the head or the tail of a chain of two. */
export type TwoHopLie = LieName & {
  readonly at: Exclude<Place, 'mid'>;
  readonly isSlow: boolean;
};

/** What became of one question. */
type Asked = {readonly answer: Answer; readonly failure: AskFailedError | null};

/** What a client heard of one liar. */
export type Meeting = TwoHopLie & {
  readonly liar: PeerId;
  /** The first question for which it was asked, and the one after that. */
  readonly first: Asked;
  readonly next: Asked;
};

/** So few that nobody is forgotten before the next question, on a slow machine either. */
const TOGETHER = 3;

/** Every lie that a hop can tell, at both ends of a chain. */
export function everyLie({model}: HostileWorld): readonly TwoHopLie[] {
  const lies = hopLies(model.manifest.spec);
  return (['early', 'late', 'beside'] as const).flatMap((when) =>
    lies[when].flatMap(({what, at: places, isSlow = false}) =>
      places.flatMap((at) => (at === 'mid' ? [] : [{when, what, at, isSlow}])),
    ),
  );
}

/**
 * Has liars join beside the honest tabs, a few at a time, each with one of these lies and a better
 * record than anybody else's; asks until each was asked something, and once more; has them leave.
 */
export async function meetLiars(
  world: HostileWorld,
  lies: readonly TwoHopLie[],
  request: AskRequest,
): Promise<readonly Meeting[]> {
  const meetings: Meeting[] = [];
  for (const few of inFews(lies)) meetings.push(...(await meetFew(world, few, request)));
  return meetings;
}

/** What is wrong with how a client took a lie; nothing, as it should be. */
export function wrongWith(
  met: Meeting,
  {world, quiet}: {readonly world: HostileWorld; readonly quiet: Answer},
): readonly string[] {
  const {tokenIds} = met.first.answer;
  const isShown = tokenIds.some((tokenId, i) => tokenId !== quiet.tokenIds[i]);
  return [
    ...(isShown ? ['a token that no honest tab sent was shown'] : []),
    ...wrongEnd(met, quiet),
    ...(met.when === 'beside' ? wrongTimes(met, {world, quiet}) : wrongMemory(met)),
  ];
}

function wrongEnd({first: {answer, failure}}: Meeting, quiet: Answer): readonly string[] {
  if (failure !== null) return [`it ended an answer: ${failure.message}`];
  return answer.tokenIds.length === quiet.tokenIds.length ? [] : ['the answer was not whole'];
}

function wrongMemory({what, liar, next}: Meeting): readonly string[] {
  // Nobody lies who says that it is full: it is asked again soon.
  if (what.endsWith('_FULL')) return [];
  return nodesOf(next).includes(liar) ? ['the next question asked it again'] : [];
}

/** Honest tabs vary by less from one answer to the next. */
const SLANDER = 10;

function wrongTimes(
  {next}: Meeting,
  {world, quiet}: {readonly world: HostileWorld; readonly quiet: Answer},
): readonly string[] {
  const expectedMs = ({served}: Answer): number =>
    served.find(({node}) => node === world.head.peerId)?.predictedMs ?? 0;
  const afterMs = expectedMs(next.answer);
  return afterMs > SLANDER * expectedMs(quiet) ? [`${afterMs} ms are expected of the head`] : [];
}

/** Those that take long one by one, the others by their place in a chain. */
function inFews(lies: readonly TwoHopLie[]): readonly (readonly TwoHopLie[])[] {
  const groups = Map.groupBy(
    lies,
    ({when, at, what, isSlow}) => `${when} ${at} ${isSlow ? what : ''}`,
  );
  return [...groups.values()].flatMap((group) =>
    Array.from({length: Math.ceil(group.length / TOGETHER)}, (_, few) =>
      group.slice(few * TOGETHER, (few + 1) * TOGETHER),
    ),
  );
}

async function meetFew(
  world: HostileWorld,
  lies: readonly TwoHopLie[],
  request: AskRequest,
): Promise<readonly Meeting[]> {
  const liars = await Promise.all(
    lies.map(async (lie) => ({...lie, liar: await startLiar(world, lie)})),
  );
  for (const {liar} of liars) await world.waitUntilKnown(liar);
  const asked: Asked[] = [];
  // In every second chain a client tries out whoever looks better than those whom it knows.
  while (liars.some(({liar}) => meetingWith(liar, asked) === null)) {
    if (asked.length > 2 * liars.length) throw new Error('Nobody asks one of the liars');
    asked.push(await ask(world, request));
  }
  await Promise.all(liars.map(({liar}) => world.hostile.stopLiar(liar)));
  return liars.flatMap((one) => {
    const met = meetingWith(one.liar, asked);
    return met === null ? [] : [{...one, ...met}];
  });
}

function meetingWith(
  liar: PeerId,
  asked: readonly Asked[],
): Pick<Meeting, 'first' | 'next'> | null {
  const at = asked.findIndex(({answer}) => nodesOf({answer}).includes(liar));
  const [first, next] = at === -1 ? [] : asked.slice(at, at + 2);
  return first === undefined || next === undefined ? null : {first, next};
}

/** The nodes of all chains of a question. */
function nodesOf({answer}: Pick<Asked, 'answer'>): readonly string[] {
  return answer.chains.flat().map(({node}) => node);
}

async function startLiar(world: HostileWorld, {when, what, at}: TwoHopLie): Promise<PeerId> {
  const {head, tail, model, manifestHash, hostile} = world;
  const {startLayer, endLayer} = at === 'head' ? head : tail;
  return await hostile.startLiar({
    lie: {when, what},
    manifestHash,
    spec: model.manifest.spec,
    grid: model.grid,
    layers: {startLayer, endLayer, embedding: at === 'head', lmHead: at === 'tail'},
    near: [head.peerId, tail.peerId],
  });
}

async function ask({client}: HostileWorld, request: AskRequest): Promise<Asked> {
  let answer: Answer = NO_ANSWER;
  const onEvent = (event: Parameters<typeof extendAnswer>[1]) => {
    answer = extendAnswer(answer, event);
  };
  try {
    await client.ask(request, {onEvent});
    return {answer, failure: null};
  } catch (error) {
    if (!(error instanceof AskFailedError)) throw error;
    return {answer, failure: error};
  }
}
