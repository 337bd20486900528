/**
 * The values of the sixteen nibbles of IQ4_NL and IQ4_XS: closer together around zero.
 * https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h (`kvalues_iq4nl`)
 */
export const IQ4_VALUES = Int8Array.of(
  -127,
  -104,
  -83,
  -65,
  -49,
  -35,
  -22,
  -10,
  1,
  13,
  25,
  38,
  53,
  69,
  89,
  113,
);
