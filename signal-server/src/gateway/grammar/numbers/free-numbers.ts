/** Before the point: as many as the largest whole numbers of 64 bits have. */
const WHOLE = '("0" | [1-9] [0-9]{0,18})';
const FRACTION = '("" | "." [0-9]+)';
const EXPONENT = String.raw`("" | [eE] ("" | [+\-]) [0-9]{1,2})`;

/**
 * Numbers that no schema bounds, by the names of the grammar library, in EBNF. Its own have digits without end: of those that
 * a program reads, many would be infinite.
 */
const RULES: Readonly<Record<string, string>> = {
  basic_integer: `("0" | ("" | "-") [1-9] [0-9]{0,18})`,
  basic_number: `("" | "-") ${WHOLE} ${FRACTION} ${EXPONENT}`,
};
const RULE = /^(basic_integer|basic_number) ::= .*$/gmu;

/** @param grammar of the library, in EBNF. */
export function withFiniteNumbers(grammar: string): string {
  return grammar.replaceAll(RULE, (_, name: string) => `${name} ::= ${RULES[name]}`);
}
