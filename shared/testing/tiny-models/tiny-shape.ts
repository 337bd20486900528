import type {ModelSpec} from '#shared/model/model-spec.ts';

export type TinyModelShape = Pick<
  ModelSpec,
  'layerCount' | 'hiddenSize' | 'feedForwardSize' | 'headCount' | 'kvHeadCount' | 'contextTokens'
>;
export type TinySizes = TinyModelShape & Pick<ModelSpec, 'headSize' | 'vocabularySize'>;
