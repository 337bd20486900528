/**
 * Texts by which llama.cpp knows a token that ends an answer, whatever the metadata says of
 * it (`llama_vocab::impl::load`, `special_eog_ids`). Those for filling in code are left out: no chat ends with them.
 */
const END_TEXTS: ReadonlySet<string> = new Set([
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|im_end|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|calls|>',
  '<|flush|>',
  '<end_of_turn>',
  '<turn|>',
  '<end_of_utterance>',
  '<｜end▁of▁sentence｜>',
  '<|tool_response>',
  '</s>',
  '<eos>',
  '[e~[',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
]);

/** Others that steer a model in some family, and have no bars to be known by. */
const CONTROL_TEXTS: ReadonlySet<string> = new Set([
  '<s>',
  '<unk>',
  '<pad>',
  '<bos>',
  '<mask>',
  '<start_of_turn>',
  '<PAD>',
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  '[BOS]',
  '[gMASK]',
  '<sop>',
  '<eop>',
  '[INST]',
  '[/INST]',
  '<<SYS>>',
  '<</SYS>>',
  '[SYSTEM_PROMPT]',
  '[/SYSTEM_PROMPT]',
  '[AVAILABLE_TOOLS]',
  '[/AVAILABLE_TOOLS]',
  '[TOOL_CALLS]',
  '[TOOL_RESULTS]',
  '[/TOOL_RESULTS]',
  '<fim-prefix>',
  '<fim-middle>',
  '<fim-suffix>',
  '<fim-pad>',
  '<fim_prefix>',
  '<fim_middle>',
  '<fim_suffix>',
  '<fim_pad>',
]);

/** `<|…|>`, `<|…>`, `<…|>`, `[|…|]`, and the same with full-width bars. */
const BARRED =
  /^(?:<(?:[|｜][^<>]*\p{L}[^<>]*|[^\s<>]*\p{L}[^\s<>]*[|｜])>|\[[|｜][^[\]\s]*\p{L}[^[\]\s]*[|｜]\])$/u;

/** Whether a token's text says that it steers the model, so that no person's text may become it. */
export function looksLikeControl(text: string): boolean {
  return END_TEXTS.has(text) || CONTROL_TEXTS.has(text) || BARRED.test(text);
}

/**
 * The texts that look like control, and are none where the file calls their tokens ordinary or literal.
 * What merges make, the model has read as text: Qwen's `<s>`. Gemma begins with `<bos>`, and its `<s>` is
 * HTML; so is the `</s>` of Gemma 4 (`<|tool_response>`). What has bars is never among them.
 */
export function ordinaryTextsOf(
  tokens: readonly string[],
  merges: readonly string[],
): ReadonlySet<string> {
  const lookalikes = new Set(tokens.filter((text) => CONTROL_TEXTS.has(text)));
  const ordinary = new Set(
    merges.map((merge) => merge.replace(' ', '')).filter((text) => lookalikes.has(text)),
  );
  if (tokens.includes('<bos>')) ordinary.add('<s>');
  if (tokens.includes('<|tool_response>')) ordinary.add('</s>');
  return ordinary;
}

/**
 * Which of a vocabulary's texts end an answer. In two vocabularies a known text means something
 * else, as in llama.cpp: with `<|call|>` and `<|return|>` or `<|flush|>`, `<|end|>` closes one message of several;
 * with `<|tool_response>`, `</s>` is text.
 */
export function endTextsOf(tokens: readonly string[]): ReadonlySet<string> {
  const found = new Set(tokens.filter((text) => END_TEXTS.has(text)));
  const calls = found.has('<|call|>') || found.has('<|calls|>');
  if (calls && (found.has('<|return|>') || found.has('<|flush|>'))) found.delete('<|end|>');
  if (found.has('<|tool_response>')) found.delete('</s>');
  return found;
}
