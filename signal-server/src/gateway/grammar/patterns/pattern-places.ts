import type {AST} from '@eslint-community/regexpp';

type Range = readonly [first: number, last: number];
/** Where a text can be that has come so far. */
type Place =
  | {readonly kind: 'character'; readonly ranges: readonly Range[]; readonly next: number}
  | {readonly kind: 'any-of'; next: readonly number[]}
  | {readonly kind: 'end'};
type CharacterPart = AST.Character | AST.CharacterSet | AST.CharacterClass;
type CharacterPlace = Extract<Place, {readonly kind: 'character'}>;

const DIGITS: readonly Range[] = [[0x30, 0x39]];
const WORDS: readonly Range[] = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];

type Options = {
  readonly mostPlaces: number;
  /** Takes how many steps come next, and may throw where there are too many. */
  readonly spend: (steps: number) => void;
};

/**
 * Whether a character of a text is in more than so many places of a pattern at once: for each token of an answer, all of them
 * are gone on from. A repeat has a place for each of its turns, so that a text is in many which its turns can share in many ways.
 *
 * @param pattern one that is followed, and counts some hundred characters.
 * @throws what `spend` throws.
 */
export function isInMorePlaces(pattern: AST.Pattern, {mostPlaces, spend}: Options): boolean {
  const places = new Places(spend);
  const first = [places.before(pattern, places.add({kind: 'end'}))];
  const known = new Set<string>();
  const open = [first];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const edges = edgesOf(places.reachedFrom(at));
    spend(edges.length);
    for (const taking of takingAtOnce(edges)) {
      if (taking.size > mostPlaces) return true;
      const next = [...new Set([...taking].map((place) => place.next))].toSorted(
        (one, other) => one - other,
      );
      spend(next.length);
      const key = next.join();
      if (known.has(key)) continue;
      known.add(key);
      open.push(next);
    }
  }
  return false;
}

class Places {
  readonly #all: Place[] = [];
  readonly #spend: Options['spend'];
  /** Of each part of the pattern, however often it comes. */
  readonly #ranges = new Map<CharacterPart, readonly Range[]>();

  constructor(spend: Options['spend']) {
    this.#spend = spend;
  }

  add(place: Place): number {
    this.#spend(1);
    this.#all.push(place);
    return this.#all.length - 1;
  }

  /** Those that a character leads on from, which are reached from these without one. */
  reachedFrom(ids: readonly number[]): readonly CharacterPlace[] {
    const reached = new Set<number>();
    const open = [...ids];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (reached.has(id)) continue;
      reached.add(id);
      const place = this.#all[id];
      if (place?.kind !== 'any-of') continue;
      this.#spend(place.next.length);
      open.push(...place.next);
    }
    return [...reached].flatMap((id) => {
      const place = this.#all[id];
      return place?.kind === 'character' ? [place] : [];
    });
  }

  /** @returns where a part of a pattern begins that goes on at `next`. */
  before(part: AST.Pattern | AST.Element, next: number): number {
    switch (part.type) {
      case 'Pattern':
      case 'Group':
      case 'CapturingGroup': {
        const ways = part.alternatives.map(({elements}) =>
          elements.reduceRight((after, element) => this.before(element, after), next),
        );
        return this.add({kind: 'any-of', next: ways});
      }
      case 'Quantifier':
        return this.#beforeRepeat(part, next);
      case 'Character':
      case 'CharacterSet':
      case 'CharacterClass':
        return this.add({kind: 'character', ranges: this.#rangesOf(part), next});
      default: // An anchor: in the whole of a text it says nothing.
        return next;
    }
  }

  #beforeRepeat({min, max, element}: AST.Quantifier, next: number): number {
    let first = max === Infinity ? this.#beforeAnyTimes(element, next) : next;
    const mayCome = max === Infinity ? 0 : max - min;
    for (let turn = 0; turn < mayCome; turn += 1) {
      first = this.add({kind: 'any-of', next: [this.before(element, first), next]});
    }
    for (let turn = 0; turn < min; turn += 1) first = this.before(element, first);
    return first;
  }

  #beforeAnyTimes(element: AST.Element, next: number): number {
    const again: Extract<Place, {readonly kind: 'any-of'}> = {kind: 'any-of', next: []};
    const first = this.add(again);
    again.next = [this.before(element, first), next];
    return first;
  }

  #rangesOf(part: CharacterPart): readonly Range[] {
    const known = this.#ranges.get(part) ?? joined(rangesOf(part));
    this.#ranges.set(part, known);
    return known;
  }
}

function rangesOf(part: CharacterPart | AST.CharacterClassElement): readonly Range[] {
  switch (part.type) {
    case 'Character':
      return [[part.value, part.value]];
    case 'CharacterClassRange':
      return [[part.min.value, part.max.value]];
    case 'CharacterSet':
      return part.kind === 'digit' ? DIGITS : WORDS;
    case 'CharacterClass':
      return part.elements.flatMap(rangesOf);
    default: // Refused before.
      return [];
  }
}

/** The same characters, in as few ranges as there may be, one behind the other. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const all: [first: number, last: number][] = [];
  for (const [first, last] of ranges.toSorted(([one], [other]) => one - other)) {
    const before = all.at(-1);
    if (before === undefined || first > before[1] + 1) all.push([first, last]);
    else before[1] = Math.max(before[1], last);
  }
  return all;
}

/** A character from which on a place takes characters, or no longer does. */
type Edge = {readonly character: number; readonly isFirst: boolean; readonly place: CharacterPlace};

/** In the order of their characters. */
function edgesOf(places: readonly CharacterPlace[]): readonly Edge[] {
  return places
    .flatMap((place) =>
      place.ranges.flatMap(([first, last]) => [
        {character: first, isFirst: true, place},
        {character: last + 1, isFirst: false, place},
      ]),
    )
    .toSorted((one, other) => one.character - other.character);
}

/** The places that take the same character, of each run of characters for which they are the same. */
function* takingAtOnce(edges: readonly Edge[]): Generator<ReadonlySet<CharacterPlace>, void> {
  const taking = new Set<CharacterPlace>();
  for (const [at, {character, isFirst, place}] of edges.entries()) {
    if (isFirst) taking.add(place);
    else taking.delete(place);
    if (taking.size > 0 && edges[at + 1]?.character !== character) yield taking;
  }
}
