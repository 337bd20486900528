import type {ModelSpec} from '../../model-spec.ts';
import type {FamilyMetadata, OptionalKey} from './family-metadata.ts';

/** What all models of a family have in common. */
type Constant = Pick<ModelSpec, 'ropeInterleaved'> &
  Partial<
    Pick<ModelSpec, 'norms' | 'queryKeyNorm' | 'biases' | 'isFused' | 'activation' | 'noRopeEvery'>
  >;

/** What depends on the numbers of a model; `undefined`: as in a plain llama. */
export type Traits = {
  readonly [
    Trait in
      | 'window'
      | 'embeddingScale'
      | 'residualScale'
      | 'attentionScale'
      | 'logitDivisor'
      | 'attentionCap'
      | 'logitCap'
  ]?: ModelSpec[Trait] | undefined;
};

/**
 * One architecture of GGUF files: what its models compute, in the words of `ModelSpec`. Graphs know no
 * family, only these words; the outside reference does not read them.
 */
export type Family = {
  readonly constant: Constant;
  /** Matrices of a layer that have a bias in some files of the family. */
  readonly optionalBiases?: readonly string[];
  /** Keys that not all families have, and that change numbers of this one. */
  readonly keys?: readonly OptionalKey[];
  readonly traits?: (metadata: FamilyMetadata) => Traits;
};
