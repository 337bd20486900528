/** So many characters: at least, and at most; `null`: any more. */
export type TextLength = {readonly least: number; readonly most: number | null};
