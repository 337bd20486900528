/** Of a text that somebody sent, so many characters are shown in an error. */
const MOST_SHOWN = 60;

/**
 * What an error shows of a text that came from outside: its beginning, and no half of a character.
 *
 * @param most characters, where a text is made of several.
 */
export function shortText(text: string, most = MOST_SHOWN): string {
  return text.length > most ? `${text.slice(0, most).replace(/\p{Cs}$/u, '')}…` : text;
}
