/**
 * How far a text in UTF-8 has come: 0 between two characters, where it may end, else within one. RFC 3629: no character
 * has more bytes than it needs, none is half of a pair, and none lies beyond U+10FFFF.
 */
export type Utf8State = number;

export const BETWEEN_CHARACTERS: Utf8State = 0;

type Step = {readonly first: number; readonly last: number; readonly next: Utf8State};

const FOLLOWING = {first: 0x80, last: 0xbf} as const;

/** Of each state, the bytes that may come, and where each leads. */
const STEPS: readonly (readonly Step[])[] = [
  [
    {first: 0x00, last: 0x7f, next: 0},
    {first: 0xc2, last: 0xdf, next: 1},
    {first: 0xe0, last: 0xe0, next: 4},
    {first: 0xe1, last: 0xec, next: 2},
    {first: 0xed, last: 0xed, next: 5},
    {first: 0xee, last: 0xef, next: 2},
    {first: 0xf0, last: 0xf0, next: 6},
    {first: 0xf1, last: 0xf3, next: 3},
    {first: 0xf4, last: 0xf4, next: 7},
  ],
  // One, two or three bytes of a character are left.
  [{...FOLLOWING, next: 0}],
  [{...FOLLOWING, next: 1}],
  [{...FOLLOWING, next: 2}],
  // After the bytes with which too much could be written.
  [{first: 0xa0, last: 0xbf, next: 1}],
  [{first: 0x80, last: 0x9f, next: 1}],
  [{first: 0x90, last: 0xbf, next: 2}],
  [{first: 0x80, last: 0x8f, next: 2}],
];

export const UTF8_STATES: readonly Utf8State[] = [...STEPS.keys()];

/** Where a text is after these bytes, or `null` where it is none in UTF-8. */
export function stepUtf8(state: Utf8State, bytes: Uint8Array): Utf8State | null {
  let at = state;
  for (const byte of bytes) {
    const step = STEPS[at]?.find(({first, last}) => byte >= first && byte <= last);
    if (step === undefined) return null;
    at = step.next;
  }
  return at;
}
