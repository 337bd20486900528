import {expect, test} from 'vitest';
import {FollowController} from './follow-controller.ts';

/** A view of 100 px on a text that grows by 10 px with each update. */
class Reading {
  textPx = 100;
  scrolledPx = 0;
  isGrowing = true;
  lookCount = 0;
  readonly #frames: (() => void)[] = [];
  readonly #follow = new FollowController(
    {
      isGrowing: () => this.isGrowing,
      belowPx: () => {
        this.lookCount += 1;
        return this.textPx - 100 - this.scrolledPx;
      },
      scrolledPx: () => this.scrolledPx,
      scrollToEnd: () => {
        this.scrolledPx = this.textPx - 100;
      },
    },
    (then) => this.#frames.push(then),
  );

  grow(updateCount: number): void {
    for (let update = 0; update < updateCount; update += 1) {
      this.#follow.hostUpdate();
      this.textPx += 10;
    }
  }

  frame(): void {
    for (const then of this.#frames.splice(0)) then();
  }
}

test('[PG61] a reader at the end stays there, for one look a frame however many tokens it has', () => {
  const reading = new Reading();
  reading.grow(1_000);
  expect(reading.lookCount).toBe(1);
  reading.frame();
  expect(reading.scrolledPx).toBe(reading.textPx - 100);
  reading.grow(1_000);
  reading.frame();
  expect([reading.lookCount, reading.scrolledPx]).toEqual([2, reading.textPx - 100]);
});

test('[PG61] a reader further up, or on the way there, is left alone, for as few looks', () => {
  const reading = new Reading();
  reading.textPx = 1_000;
  reading.grow(100);
  reading.frame();
  expect([reading.lookCount, reading.scrolledPx]).toEqual([1, 0]);
  reading.scrolledPx = reading.textPx - 100;
  reading.grow(1);
  reading.scrolledPx -= 5;
  const {scrolledPx} = reading;
  reading.frame();
  expect(reading.scrolledPx).toBe(scrolledPx);
});

test('[PG61] what does not grow is not looked at', () => {
  const reading = new Reading();
  reading.isGrowing = false;
  reading.grow(10);
  reading.frame();
  expect([reading.lookCount, reading.scrolledPx]).toEqual([0, 0]);
});
