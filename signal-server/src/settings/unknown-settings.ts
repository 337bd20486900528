import {textOf, type Environment} from './read-settings.ts';

/** Names that begin so belong to nobody else. */
const OWN_PREFIXES = ['WEFT_', 'API_KEY', 'ICE_', 'TURN_', 'MAX_TAB', 'SERVER_KEY', 'TRUSTED_PROX'];
/** Read by the commands of this repository, not by the server. */
const READ_ELSEWHERE = ['WEFT_CACHE_DIR', 'WEFT_DEBUG', 'WEFT_MODEL'];
const SHORT_NAME_LENGTH = 6;

export type UnknownSetting = {readonly variable: string; readonly sentence: string};

/**
 * Variables that look as if they were meant for the server but are not among its
 * settings: names a letter or two away from one, and names with a prefix of ours.
 *
 * @param known names of all settings.
 */
export function unknownSettings(
  known: readonly string[],
  env: Environment,
): readonly UnknownSetting[] {
  return Object.keys(env)
    .filter((name) => textOf(env, name) !== undefined)
    .filter((name) => !known.includes(name) && !READ_ELSEWHERE.includes(name))
    .flatMap((variable) => {
      const meant = nearest(known, variable.toUpperCase());
      if (meant === null && !OWN_PREFIXES.some((prefix) => variable.startsWith(prefix))) return [];
      const hint = meant === null ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
      return [{variable, sentence: `${variable} is no setting of the signal server: ${hint}`}];
    })
    .toSorted((one, other) => (one.variable < other.variable ? -1 : 1));
}

function nearest(known: readonly string[], name: string): string | null {
  const withoutPrefix = name.replace(/^WEFT_/u, '');
  if (known.includes(withoutPrefix)) return withoutPrefix;
  const ranked = known
    .map((candidate) => ({candidate, distance: nameDistance(candidate, name)}))
    .toSorted((one, other) => one.distance - other.distance);
  return (
    ranked.find(({candidate, distance}) => isNear(candidate, name, distance))?.candidate ?? null
  );
}

/** A short name has many neighbours that are words of their own, as HOME is of HOST. */
function isNear(candidate: string, name: string, distance: number): boolean {
  if (candidate.length < SHORT_NAME_LENGTH) return distance <= 1 && candidate[0] === name[0];
  return distance <= 2 || (candidate.length > 8 && name.startsWith(candidate.slice(0, -1)));
}

/** Letters to insert, remove, replace or swap with their neighbour. O(n·m). */
function nameDistance(one: string, other: string): number {
  const rows = [Array.from({length: other.length + 1}, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= one.length; row++) {
    rows.push([row]);
    for (let column = 1; column <= other.length; column++) {
      const change = one[row - 1] === other[column - 1] ? 0 : 1;
      const isSwap = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      rows[row]?.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + change,
          isSwap ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(one.length, other.length);
}
