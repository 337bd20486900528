import type {AST} from '@eslint-community/regexpp';

type Range = readonly [first: number, last: number];
/** Where a text can be that has come so far. */
type Place =
  | {readonly kind: 'character'; readonly ranges: readonly Range[]; readonly next: number}
  | {readonly kind: 'any-of'; next: readonly number[]}
  | {readonly kind: 'end'};
type CharacterPlace = Extract<Place, {readonly kind: 'character'}>;

/** Of all places that are looked at: some ten milliseconds. */
const MOST_WORK = 200_000;
const DIGITS: readonly Range[] = [[0x30, 0x39]];
const WORDS: readonly Range[] = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];

/**
 * Whether a character of a text is in more than so many places of a pattern at once: for each token of an answer, all of them
 * are gone on from. A repeat has a place for each of its turns, so that a text is in many which its turns can share in many ways.
 *
 * @param pattern one that is followed, and counts some hundred characters.
 * @returns true also when there is too much to look at.
 */
export function isInMorePlaces(pattern: AST.Pattern, mostPlaces: number): boolean {
  const places = new Places();
  const first = places.reachedFrom([places.before(pattern, places.add({kind: 'end'}))]);
  const known = new Set<string>();
  const open = [first];
  let work = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const character of charactersOf(at)) {
      work += at.length;
      if (work > MOST_WORK) return true;
      const gone = at.filter(({ranges}) => hasCharacter(ranges, character));
      if (gone.length > mostPlaces) return true;
      const after = places.reachedFrom(gone.map(({next}) => next));
      const key = after.map((place) => places.idOf(place)).join();
      if (known.has(key)) continue;
      known.add(key);
      open.push(after);
    }
  }
  return false;
}

class Places {
  readonly #all: Place[] = [];
  readonly #ids = new Map<Place, number>();

  add(place: Place): number {
    const id = this.#all.length;
    this.#all.push(place);
    this.#ids.set(place, id);
    return id;
  }

  idOf(place: Place): number {
    return this.#ids.get(place) ?? -1;
  }

  /** Those that a character leads on from, which are reached from these without one. */
  reachedFrom(ids: readonly number[]): readonly CharacterPlace[] {
    const reached = new Set<number>();
    const open = [...ids];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (reached.has(id)) continue;
      reached.add(id);
      const place = this.#all[id];
      if (place?.kind === 'any-of') open.push(...place.next);
    }
    return [...reached]
      .toSorted((one, other) => one - other)
      .flatMap((id) => {
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
        return this.add({kind: 'character', ranges: rangesOf(part), next});
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
}

function rangesOf(part: AST.Character | AST.CharacterSet | AST.CharacterClass): readonly Range[] {
  switch (part.type) {
    case 'Character':
      return [[part.value, part.value]];
    case 'CharacterSet':
      return part.kind === 'digit' ? DIGITS : WORDS;
    default:
      return part.elements.flatMap((element): readonly Range[] => {
        switch (element.type) {
          case 'Character':
            return [[element.value, element.value]];
          case 'CharacterClassRange':
            return [[element.min.value, element.max.value]];
          case 'CharacterSet':
            return element.kind === 'digit' ? DIGITS : WORDS;
          default: // Refused before.
            return [];
        }
      });
  }
}

/** One of each run of characters that all places take for the same. */
function charactersOf(places: readonly CharacterPlace[]): ReadonlySet<number> {
  return new Set(
    places.flatMap(({ranges}) => ranges.flatMap(([first, last]) => [first, last + 1])),
  );
}

function hasCharacter(ranges: readonly Range[], character: number): boolean {
  return ranges.some(([first, last]) => first <= character && character <= last);
}
