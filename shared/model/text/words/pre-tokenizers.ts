/**
 * The values of `tokenizer.ggml.pre` that are known, as llama.cpp names them (`llama_vocab::impl::load`).
 * Apart from their patterns, which only a tokenizer needs.
 */
export const PRE_TOKENIZERS = [
  'gpt-2',
  'mpt',
  'olmo',
  'exaone4',
  'smollm',
  'starcoder',
  'refact',
  'command-r',
  'exaone',
  'minerva-7b',
  'llama-bpe',
  'llama3',
  'llama-v3',
  'falcon3',
  'pixtral',
  'lfm2',
  'midm-2.0',
  'dbrx',
  'smaug-bpe',
  'glm4',
  'qwen2',
  'deepseek-r1-qwen',
  'stablelm2',
  'megrez',
  'qwen35',
  'deepseek-llm',
  'deepseek-coder',
  'deepseek-v3',
  'falcon',
  'gpt-4o',
  'llama4',
  'tekken',
] as const;

export type PreTokenizer = (typeof PRE_TOKENIZERS)[number];
