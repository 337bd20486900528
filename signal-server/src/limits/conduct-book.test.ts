import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {ConductBook} from './conduct-book.ts';

beforeEach(() => {
  vi.useFakeTimers({toFake: ['performance']});
});
afterEach(() => {
  vi.useRealTimers();
});

function openBook() {
  const dropped: string[] = [];
  return {book: new ConductBook((peer) => dropped.push(peer)), dropped};
}

test('[CB1] twenty lies at once drop a peer, and nobody else', () => {
  const {book, dropped} = openBook();
  for (let i = 0; i < 19; i += 1) book.note('liar', 'RECORD_SIGNATURE_INVALID');
  expect(dropped).toEqual([]);
  book.note('liar', 'RECORD_NOT_YOURS');
  expect(dropped).toEqual(['liar']);
  expect([book.isBad('liar'), book.isBad('other')]).toEqual([true, false]);
  expect(book.counts.get('RECORD_SIGNATURE_INVALID')).toBe(19);
});

test('[CB2] what happens once a second to an honest peer never adds up', () => {
  const {book, dropped} = openBook();
  for (let second = 0; second < 3600; second += 1) {
    book.note('late', 'RECORD_EXPIRED');
    vi.advanceTimersByTime(1_000);
  }
  expect(dropped).toEqual([]);
});

test('[CB3] a mishap a hundred times a second does', () => {
  const {book, dropped} = openBook();
  for (let i = 0; i < 300; i += 1) {
    book.note('flooder', 'RATE_LIMITED');
    vi.advanceTimersByTime(10);
  }
  expect(dropped).toContain('flooder');
});

test('[CB4] a dropped peer is let in again after a minute', () => {
  const {book} = openBook();
  for (let i = 0; i < 20; i += 1) book.note('liar', 'MALFORMED_RPC');
  vi.advanceTimersByTime(59_000);
  expect(book.isBad('liar')).toBe(true);
  vi.advanceTimersByTime(2_000);
  expect(book.isBad('liar')).toBe(false);
});
