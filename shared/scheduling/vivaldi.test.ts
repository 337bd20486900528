import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {coordinateDistanceMs, type NetworkCoordinates} from './network-distances.ts';
import {seededRandom} from './seeded-choice.ts';
import {nextCoordinates, UNPLACED} from './vivaldi.ts';

type World = {readonly count: number; readonly rttMs: (a: number, b: number) => number};

/** Nodes of 4 regions, up to 100 ms apart, each behind an access link of 1 to 10 ms. */
function worldOf(seed: number, count: number): World {
  const random = seededRandom(seed);
  const regions = Array.from({length: 4}, () => [random() * 70, random() * 70] as const);
  const nodes = Array.from({length: count}, () => {
    const [x, y] = regions[Math.floor(random() * regions.length)] ?? [0, 0];
    return {x: x + random() * 8, y: y + random() * 8, accessMs: 1 + random() * 9};
  });
  return {
    count,
    rttMs: (a, b) => {
      const from = nodes[a] ?? {x: 0, y: 0, accessMs: 0};
      const to = nodes[b] ?? from;
      const [dx, dy] = [from.x - to.x, from.y - to.y];
      return Math.sqrt(dx * dx + dy * dy) + from.accessMs + to.accessMs;
    },
  };
}

type Settling = {
  readonly seed: number;
  readonly neighbours: number;
  readonly rounds: number;
  /** The first so many nodes say that they are at `lie`. */
  readonly liars?: number;
  readonly lie?: NetworkCoordinates;
};

/** Every node measures its fixed neighbours in turn; a sample is up to a tenth too long. */
function settle(
  {count, rttMs}: World,
  {seed, neighbours, rounds, liars = 0, lie = UNPLACED}: Settling,
): readonly NetworkCoordinates[] {
  const random = seededRandom(seed);
  const of = Array.from({length: count}, (_, a) =>
    Array.from({length: neighbours}, () => (a + 1 + Math.floor(random() * (count - 1))) % count),
  );
  const places = Array.from({length: count}, () => UNPLACED);
  for (let round = 0; round < rounds; round += 1) {
    for (let a = 0; a < count; a += 1) {
      const b = of[a]?.[round % neighbours] ?? 0;
      const remote = b < liars ? lie : (places[b] ?? UNPLACED);
      const sample = {rttMs: rttMs(a, b) * (1 + random() / 10), remote, seed: a};
      places[a] = nextCoordinates(places[a] ?? UNPLACED, sample);
    }
  }
  return places;
}

/** Of all pairs but those with the first `liars` nodes. */
function medianErrorOf(world: World, places: readonly NetworkCoordinates[], liars = 0): number {
  const errors: number[] = [];
  for (let a = liars; a < world.count; a += 1) {
    for (let b = liars; b < a; b += 1) {
      const predictedMs = coordinateDistanceMs(places[a] ?? UNPLACED, places[b] ?? UNPLACED);
      errors.push(Math.abs(predictedMs / world.rttMs(a, b) - 1));
    }
  }
  return errors.toSorted((x, y) => x - y)[errors.length >> 1] ?? Number.NaN;
}

test('[VI1] with 8 neighbours each, 60 samples place 40 nodes to a median error below 40 %', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const world = worldOf(seed, 40);
      const places = settle(world, {seed, neighbours: 8, rounds: 60});
      expect(medianErrorOf(world, places)).toBeLessThan(0.4);
    }),
    {numRuns: 30},
  );
});

test.each([
  {neighbours: 4, rounds: 80, below: 0.2},
  {neighbours: 8, rounds: 60, below: 0.12},
  {neighbours: 16, rounds: 100, below: 0.07},
])(
  '[VI1] over 50 worlds, $neighbours neighbours and $rounds samples leave a median error below $below',
  ({neighbours, rounds, below}) => {
    const errors = Array.from({length: 50}, (_, seed) => {
      const world = worldOf(seed, 40);
      return medianErrorOf(world, settle(world, {seed, neighbours, rounds}));
    });
    expect(errors.toSorted((x, y) => x - y)[25]).toBeLessThan(below);
  },
);

test('[VI2] the error that nodes state falls as they settle', () => {
  const world = worldOf(1, 40);
  const places = settle(world, {seed: 1, neighbours: 8, rounds: 60});
  const errorsMs = places.map(({errorMs}) => errorMs).toSorted((x, y) => x - y);
  expect(errorsMs[20]).toBeLessThan(UNPLACED.errorMs / 5);
});

test('[VI3] two nodes at one place move apart, and what is no sample changes nothing', () => {
  const moved = nextCoordinates(UNPLACED, {rttMs: 20, remote: UNPLACED, seed: 1});
  expect(coordinateDistanceMs(moved, UNPLACED)).toBeGreaterThan(1);
  for (const rttMs of [Number.NaN, Infinity, -1, 100_000]) {
    expect(nextCoordinates(moved, {rttMs, remote: UNPLACED, seed: 1})).toBe(moved);
  }
  const flat = {at: [1, 2], heightMs: 1, errorMs: 1};
  expect(nextCoordinates(moved, {rttMs: 20, remote: flat, seed: 1})).toBe(moved);
});

test('[VI3] whatever comes, a place stays a place', () => {
  const place = fc.record({
    at: fc.array(fc.double({min: -1e5, max: 1e5, noNaN: true}), {minLength: 3, maxLength: 3}),
    heightMs: fc.double({min: 0, max: 1e5, noNaN: true}),
    errorMs: fc.double({min: 0, max: 1e5, noNaN: true}),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.double(), place), {maxLength: 30}), (samples) => {
      let own = UNPLACED;
      for (const [rttMs, remote] of samples) {
        own = nextCoordinates(own, {rttMs, remote, seed: 1});
        expect([...own.at, own.heightMs, own.errorMs].every(Number.isFinite)).toBe(true);
      }
    }),
  );
});

test.for([
  {lie: {at: [1e5, 1e5, 1e5], heightMs: 1e5, errorMs: 0}, liars: 1, below: 0.2},
  {lie: {at: [1e5, 1e5, 1e5], heightMs: 1e5, errorMs: 0}, liars: 4, below: 0.5},
  {lie: {at: [500, 0, 0], heightMs: 0, errorMs: 0}, liars: 4, below: 0.5},
])(
  '[VI4] of 40 nodes, $liars that say they are surely at $lie.at leave the others a median error below $below',
  ({lie, liars, below}) => {
    const errors = Array.from({length: 20}, (_, seed) => {
      const world = worldOf(seed, 40);
      const places = settle(world, {seed, neighbours: 8, rounds: 60, liars, lie});
      return medianErrorOf(world, places, liars);
    });
    expect(errors.toSorted((x, y) => x - y)[10]).toBeLessThan(below);
  },
);
