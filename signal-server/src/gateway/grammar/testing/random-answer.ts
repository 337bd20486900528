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
 * An answer of which each token is any that the guide allows and that goes on with a text in UTF-8: whatever a model
 * writes, this may be.
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
    if (allowed.some((tokenId) => endTokenIds.includes(tokenId))) return answer;
    const closing = allowed.filter((tokenId) =>
      CLOSING.test(text.decode(bytesOfToken(table, tokenId))),
    );
    const pick = (from: readonly number[]): number | undefined => {
      const left = [...from];
      while (left.length > 0) {
        const [tokenId] = left.splice(draw(left.length), 1);
        if (tokenId !== undefined && isText(table, [...answer, tokenId])) return tokenId;
      }
      return undefined;
    };
    const isClosing = closing.length > 0 && draw(CLOSES_IN) === 0;
    const chosen = pick(isClosing ? closing : allowed) ?? pick(allowed);
    if (chosen === undefined) throw new Error('Nothing is allowed');
    answer.push(chosen);
  }
  return null;
}

/** Whether some text in UTF-8 begins so. */
function isText(table: TokenTable, tokenIds: readonly number[]): boolean {
  const decoder = new TextDecoder('utf-8', {fatal: true});
  try {
    decoder.decode(bytesOf(table, tokenIds), {stream: true});
    return true;
  } catch {
    return false;
  }
}

function bytesOf(table: TokenTable, tokenIds: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(tokenIds.flatMap((tokenId) => [...bytesOfToken(table, tokenId)]));
}

/** What these tokens write, as whoever reads an answer has it. */
export function textOf(table: TokenTable, tokenIds: readonly number[]): string {
  return new TextDecoder().decode(bytesOf(table, tokenIds));
}
