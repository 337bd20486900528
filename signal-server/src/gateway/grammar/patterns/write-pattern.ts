import type {AST} from '@eslint-community/regexpp';

/** What has a meaning of its own outside of a class, or inside. */
const SPECIAL = /[\\^$.*+?()[\]{}|/-]/u;
const LAST_ASCII = 0x7f;

/**
 * A pattern as the library has to have it: in a group, since it writes quotes around whatever it gets, without anchors,
 * and with characters beyond ASCII as they are, since in a class it takes the last byte of them for the character.
 */
export function writePattern({alternatives}: AST.Pattern): string {
  return writeAlternatives(alternatives);
}

/** Characters beyond ASCII that a class has, each of which is written out. */
export function beyondAsciiOf({elements}: AST.CharacterClass): number {
  return elements.reduce((sum, element) => {
    const [first, last] = codesOf(element);
    return sum + Math.max(0, last - Math.max(first, LAST_ASCII + 1) + 1);
  }, 0);
}

function writeAlternatives(alternatives: readonly AST.Alternative[]): string {
  const written = alternatives.map(({elements}) => elements.map(writeElement).join(''));
  return `(${written.join('|')})`;
}

function writeElement(element: AST.Element): string {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return writeAlternatives(element.alternatives);
    case 'Quantifier':
      return writeElement(element.element) + writeTimes(element);
    case 'Character':
      return writeCharacter(element.value);
    case 'CharacterSet':
      return element.raw;
    case 'CharacterClass':
      return writeClass(element);
    default: // An anchor: in the whole of a text it says nothing.
      return '';
  }
}

function writeTimes({min, max}: AST.Quantifier): string {
  return max === Infinity ? `{${min},}` : `{${min},${max}}`;
}

function writeCharacter(code: number): string {
  const character = String.fromCodePoint(code);
  return SPECIAL.test(character) ? `\\${character}` : character;
}

function writeClass({elements}: AST.CharacterClass): string {
  let ascii = '';
  const others: string[] = [];
  for (const element of elements) {
    if (element.type === 'CharacterSet') {
      ascii += element.raw;
      continue;
    }
    const [first, last] = codesOf(element);
    if (first <= LAST_ASCII) {
      ascii += `${writeCharacter(first)}-${writeCharacter(Math.min(last, LAST_ASCII))}`;
    }
    for (let code = Math.max(first, LAST_ASCII + 1); code <= last; code += 1) {
      others.push(writeCharacter(code));
    }
  }
  const all = ascii === '' ? others : [`[${ascii}]`, ...others];
  return `(${all.join('|')})`;
}

/** The first and the last character; of a set there are none that are written out. */
function codesOf(
  element: AST.CharacterClass['elements'][number],
): readonly [first: number, last: number] {
  switch (element.type) {
    case 'Character':
      return [element.value, element.value];
    case 'CharacterClassRange':
      return [element.min.value, element.max.value];
    default:
      return [0, -1];
  }
}
