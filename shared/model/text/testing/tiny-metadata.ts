// GGUF's `tokenizer.ggml.token_type`.
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

export const BYTE_TOKENS = Array.from(
  {length: 256},
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

/** Of a vocabulary with all bytes, control tokens to begin and to end with, and these words, the earlier ones scored higher. */
export function tinyMetadata(model: string, words: readonly string[], more: object = {}) {
  const tokens = ['<unk>', '<s>', '</s>', ...BYTE_TOKENS, ...words];
  return {
    'tokenizer.ggml.model': model,
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((text, id) =>
      id === 0 ? UNKNOWN : id < 3 ? CONTROL : BYTE_TOKENS.includes(text) ? BYTE : NORMAL,
    ),
    'tokenizer.ggml.scores': tokens.map((_, id) => -id),
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    ...more,
  };
}
