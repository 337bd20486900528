// What other models have beside those of a plain llama, by the end of the name.
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/^rope_freqs\.weight$/u, 'frequencies of RoPE, as Llama 3.1 has them'],
  [/^rope_factors_/u, 'factors of LongRoPE'],
  [/\.bias$/u, 'a bias'],
  [/attn_[qk]_norm\.weight$/u, 'a norm of queries or keys'],
  [/attn_qkv\.weight$/u, 'query, key and value in one'],
  [
    /(?:post_attention_norm|post_ffw_norm|post_attn_norm|attn_post_norm|ffn_post_norm|layer_output_norm)\.weight$/u,
    'a norm behind a block',
  ],
  [/_exps\.weight$|_shexp\.weight$|ffn_gate_inp/u, 'a part of a mixture of experts'],
  [/lora_[ab]$/u, 'a part of an adapter'],
  [/\.scale$/u, 'a scale of a tensor'],
];

/** What a tensor does that the graph does not, for people. */
export function tensorMeaning(name: string): string {
  return (
    MEANINGS.find(([pattern]) => pattern.test(name))?.[1] ?? 'a tensor that Weft does not know'
  );
}
