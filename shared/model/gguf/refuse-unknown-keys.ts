import {ModelUnsupportedError} from '../model-unsupported-error.ts';
import type {GgufMetadata} from './gguf-file.ts';
import {showValue} from './metadata-values.ts';

/** Of the model at hand: with some of its numbers a key changes nothing. */
export type NeutralFacts = {
  readonly headSize: number;
  readonly contextTokens: number;
  readonly normEpsilon: number;
  readonly isYarn: boolean;
};

/** A key that the graph does not know, with the values that ask for nothing else than what it does. */
export type NeutralKey = {
  readonly meaning: string;
  readonly isNeutral: (value: unknown, facts: NeutralFacts) => boolean;
};

/**
 * Runs nothing with a number that it passes over: every key of the architecture is
 * understood, known to change nothing, or has a value that changes nothing. Keys outside
 * `<architecture>.`, `adapter.` and `split.` are read by nobody who computes (`general.`
 * describes, `quantize.` and others tell how the file was made); `tokenizer.` is judged with the text.
 * Known keys are named without their architecture.
 *
 * @throws {ModelUnsupportedError} naming every other key, its value and what it means.
 */
export function refuseUnknownKeys(
  metadata: GgufMetadata,
  known: {
    readonly architecture: string;
    readonly understood: ReadonlySet<string>;
    readonly harmless: ReadonlySet<string>;
    readonly neutral: ReadonlyMap<string, NeutralKey>;
    readonly facts: NeutralFacts;
  },
): void {
  const {architecture, understood, harmless, neutral, facts} = known;
  const prefix = `${architecture}.`;
  const refused = Object.entries(metadata)
    .filter(([key]) => key.startsWith(prefix) || key.startsWith('adapter.'))
    .map(([key, value]) => ({
      key,
      value,
      name: key.startsWith(prefix) ? key.slice(prefix.length) : key,
    }))
    .filter(({name}) => !understood.has(name) && !harmless.has(name))
    .filter(({name, value}) => neutral.get(name)?.isNeutral(value, facts) !== true)
    .map(({key, value, name}) => {
      const meaning = neutral.get(name)?.meaning ?? 'a key that Weft does not know';
      return `"${key}" = ${showValue(value)} (${meaning})`;
    });
  if (refused.length === 0) return;
  throw new ModelUnsupportedError({
    part: 'metadata',
    found: refused,
    instead: `take a plain ${architecture} model, which has no such key`,
  });
}
