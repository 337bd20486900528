/**
 * Where a text stops being JSON, and why, in one line:
 * `line 2, column 9: Unexpected token '}'`.
 *
 * @param error what `JSON.parse` threw at this text.
 */
export function jsonFaultOf(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // What follows quotes the text, with its line breaks.
  const [why = ''] = message.split(/ in JSON at position |, (?:\.\.\.)?"/u);
  const lines = text.slice(0, positionOf(text, message)).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}: ${why}`;
}

function positionOf(text: string, message: string): number {
  const position = / at position (?<position>\d+)/u.exec(message)?.groups?.['position'];
  if (position !== undefined) return Number(position);
  return isUnexpectedToken(message) ? lengthThatCouldGoOn(text) : text.length;
}

/** The one fault whose place V8 keeps to itself. */
function isUnexpectedToken(message: string): boolean {
  return message.endsWith('is not valid JSON');
}

/** How much of a text is the beginning of some JSON: all that is shorter is, too, and nothing that is longer. */
function lengthThatCouldGoOn(text: string): number {
  let length = 0;
  let tooLong = text.length;
  while (tooLong - length > 1) {
    const middle = (length + tooLong) >> 1;
    if (endsTooEarly(text.slice(0, middle))) length = middle;
    else tooLong = middle;
  }
  return length;
}

function endsTooEarly(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    return !(error instanceof Error && isUnexpectedToken(error.message));
  }
}
