import {expect, test} from 'vitest';
import {SwarmClock} from './swarm-clock.ts';

const HOUR_MS = 3_600_000;
const SERVER_MS = 1_800_000_000_000;

/** A machine whose clocks the test moves. */
function createMachine(wallMs = SERVER_MS) {
  const machine = {stopwatchMs: 500, wallMs};
  const clock = new SwarmClock({
    stopwatchMs: () => machine.stopwatchMs,
    wallMs: () => machine.wallMs,
  });
  const pass = (ms: number): void => {
    machine.stopwatchMs += ms;
    machine.wallMs += ms;
  };
  return {machine, clock, pass};
}

test.each([-24 * HOUR_MS, -15_000, 15_000, HOUR_MS, 24 * HOUR_MS])(
  '[CK1] the time is the server’s, with a wall clock %d ms off from the start or set later',
  (stepMs) => {
    const {machine, clock, pass} = createMachine(SERVER_MS + stepMs);
    clock.anchor({serverNowMs: SERVER_MS, roundTripMs: 10});
    expect(clock.nowMs()).toBe(SERVER_MS + 5);
    pass(2_000);
    machine.wallMs -= 2 * stepMs;
    expect(clock.nowMs()).toBe(SERVER_MS + 2_005);
    expect(clock.isDoubtful()).toBe(true);
    clock.anchor({serverNowMs: SERVER_MS + 2_005, roundTripMs: 10});
    expect(clock.isDoubtful()).toBe(false);
    expect(clock.nowMs()).toBe(SERVER_MS + 2_005);
  },
);

test('[CK2] a reading that took long changes nothing that it cannot know better', () => {
  const {clock, pass} = createMachine();
  clock.anchor({serverNowMs: SERVER_MS, roundTripMs: 10});
  pass(8_000);
  // The server answered at once, and the page came to read it 8 s later.
  clock.anchor({serverNowMs: SERVER_MS + 5, roundTripMs: 8_000});
  expect(clock.nowMs()).toBe(SERVER_MS + 8_005);
});

test('[CK3] after a sleep during which the stopwatch stopped, a reading corrects it', () => {
  const {machine, clock, pass} = createMachine();
  clock.anchor({serverNowMs: SERVER_MS, roundTripMs: 10});
  machine.wallMs += HOUR_MS;
  expect(clock.isDoubtful()).toBe(true);
  pass(100);
  clock.anchor({serverNowMs: SERVER_MS + HOUR_MS, roundTripMs: 100});
  expect(clock.nowMs()).toBe(SERVER_MS + HOUR_MS + 50);
});

test('[CK4] a stopwatch that drifts is set right by readings that agree less and less', () => {
  const {clock, pass} = createMachine();
  clock.anchor({serverNowMs: SERVER_MS, roundTripMs: 4});
  pass(60_000);
  clock.anchor({serverNowMs: SERVER_MS + 60_100, roundTripMs: 20});
  expect(clock.nowMs()).toBe(SERVER_MS + 60_110);
});
