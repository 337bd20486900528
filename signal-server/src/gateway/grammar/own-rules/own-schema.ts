import type {NumberRange} from '../numbers/number-range.ts';
import type {TextLength} from '../texts/text-length.ts';

/** What has rules of our own in place of those of the grammar library. */
export type OwnSchema = {readonly range: NumberRange} | {readonly length: TextLength};
