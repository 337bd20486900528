import type {TensorDtype} from './block-sizes.ts';
import {IQ4_NL} from './blocks/iq4-nl.ts';
import {Q4_0} from './blocks/q4-0.ts';
import {Q4_1} from './blocks/q4-1.ts';
import {Q5_0} from './blocks/q5-0.ts';
import {Q5_1} from './blocks/q5-1.ts';
import {Q8_0} from './blocks/q8-0.ts';
import {BF16} from './floats/bf16.ts';
import {F16} from './floats/f16.ts';
import {F32} from './floats/f32.ts';
import type {StorageFormat} from './format/storage-format.ts';
import {IQ4_XS} from './super-blocks/iq4-xs.ts';
import {Q2_K} from './super-blocks/q2-k.ts';
import {Q3_K} from './super-blocks/q3-k.ts';
import {Q4_K} from './super-blocks/q4-k.ts';
import {Q5_K} from './super-blocks/q5-k.ts';
import {Q6_K} from './super-blocks/q6-k.ts';

/** How each storage type is decoded: one file for each. */
export const STORAGE_TYPES: Readonly<Record<TensorDtype, StorageFormat>> = {
  F32,
  F16,
  BF16,
  Q8_0,
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q2_K,
  Q3_K,
  Q4_K,
  Q5_K,
  Q6_K,
  IQ4_NL,
  IQ4_XS,
};
