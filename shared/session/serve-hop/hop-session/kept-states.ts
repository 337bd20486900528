/** Hidden states of consecutive positions, as they left this hop. */
export type StatePiece = {
  readonly position: number;
  readonly tokenCount: number;
  readonly dtype: 'f16' | 'f32';
  /** `[tokenCount, hiddenSize]`, row major. */
  readonly bytes: Uint8Array;
};

/** What a hop sends as one frame: parts that follow one another, in one dtype. */
export type StatesToSend = Omit<StatePiece, 'bytes'> & {readonly parts: readonly Uint8Array[]};

/** In order of position, without gaps. */
export type KeptStates = readonly StatePiece[];

export function byteLengthOf(
  {tokenCount, dtype}: Pick<StatePiece, 'tokenCount' | 'dtype'>,
  hiddenSize: number,
): number {
  return tokenCount * hiddenSize * (dtype === 'f16' ? 2 : 4);
}

/** With `piece` at the end; the oldest go when all together are more than `keptBytes`. */
export function keepStates(
  kept: KeptStates,
  piece: StatePiece,
  {keptBytes, hiddenSize}: {readonly keptBytes: number; readonly hiddenSize: number},
): KeptStates {
  const all = [...kept, piece];
  let sum = 0;
  const first = all.findLastIndex((each) => {
    sum += byteLengthOf(each, hiddenSize);
    return sum > keptBytes;
  });
  return first === -1 ? all : all.slice(first + 1);
}

/** Those before `position`. */
export function statesBefore(kept: KeptStates, position: number): KeptStates {
  return kept.flatMap((piece) => cut(piece, 0, position) ?? []);
}

/** Those at `position` and after. */
export function statesFrom(kept: KeptStates, position: number): KeptStates {
  return kept.flatMap((piece) => cut(piece, position, Infinity) ?? []);
}

/** Together in as few frames as hold at most `pieceTokens` each. */
export function packStates(kept: KeptStates, pieceTokens: number): readonly StatesToSend[] {
  const packed: {-readonly [K in keyof StatesToSend]: StatesToSend[K]}[] = [];
  for (const {bytes, ...piece} of kept) {
    const last = packed.at(-1);
    const fits = last !== undefined && last.tokenCount + piece.tokenCount <= pieceTokens;
    if (fits && last.dtype === piece.dtype) {
      last.tokenCount += piece.tokenCount;
      last.parts = [...last.parts, bytes];
    } else packed.push({...piece, parts: [bytes]});
  }
  return packed;
}

/** The part of a piece in `[from, to)`, or `null` when there is none. */
function cut(piece: StatePiece, from: number, to: number): StatePiece | null {
  const {position, tokenCount, bytes} = piece;
  const first = Math.max(position, from);
  const end = Math.min(position + tokenCount, to);
  if (end <= first) return null;
  if (end - first === tokenCount) return piece;
  const rowBytes = bytes.byteLength / tokenCount;
  return {
    ...piece,
    position: first,
    tokenCount: end - first,
    bytes: bytes.subarray((first - position) * rowBytes, (end - position) * rowBytes),
  };
}
