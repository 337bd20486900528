import {seededRandom} from '#shared/scheduling/seeded-choice.ts';
import {bytesOfToken} from '#shared/client/vocabulary/token-table.ts';
import type {TokenTable} from '#shared/client/vocabulary/vocabulary-messages.ts';
import type {TokenGuide} from '#shared/client/reader-event.ts';
import {tokensOf} from '#shared/protocol/frame/token-mask.ts';

/** What closes something, so that an answer by chance comes to an end. */
const CLOSING = /^[\]}"]+$/u;
const CLOSES_IN = 3;

/** A number from 0 up to `below`. */
export type Draw = (below: number) => number;

/** The same numbers for the same seed. */
export function drawer(seed: number): Draw {
  const random = seededRandom(seed);
  return (below) => Math.floor(random() * below);
}

/**
 * An answer of which each token is any that the guide allows: whatever a model writes, this may be.
 *
 * @returns its tokens without the end token, or `null` where it did not end within `mostTokens`.
 */
export async function randomAnswer(
  guide: TokenGuide,
  {
    table,
    endTokenIds,
    draw,
    mostTokens,
  }: {
    readonly table: TokenTable;
    readonly endTokenIds: readonly number[];
    readonly draw: Draw;
    readonly mostTokens: number;
  },
): Promise<readonly number[] | null> {
  const text = new TextDecoder();
  const answer: number[] = [];
  for (let at = 0; at < mostTokens; at += 1) {
    const allowed = tokensOf(await guide.allowed(answer));
    const others = allowed.filter((tokenId) => !endTokenIds.includes(tokenId));
    const mayEnd = others.length < allowed.length;
    if (mayEnd && (others.length === 0 || draw(CLOSES_IN) === 0)) return answer;
    const closing = others.filter((tokenId) =>
      CLOSING.test(text.decode(bytesOfToken(table, tokenId))),
    );
    const isClosing = closing.length > 0 && draw(CLOSES_IN) === 0;
    const among = isClosing ? closing : others;
    const chosen = among[draw(among.length)];
    if (chosen === undefined) throw new Error('Nothing is allowed');
    answer.push(chosen);
  }
  return null;
}

function bytesOf(table: TokenTable, tokenIds: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(tokenIds.flatMap((tokenId) => [...bytesOfToken(table, tokenId)]));
}

/** What these tokens write. @throws {TypeError} when it is no text in UTF-8. */
export function textOf(table: TokenTable, tokenIds: readonly number[]): string {
  return new TextDecoder('utf-8', {fatal: true}).decode(bytesOf(table, tokenIds));
}
