import {ernie4_5} from './ernie4-5.ts';
import {exaone} from './exaone.ts';
import {exaone4} from './exaone4.ts';
import type {Family} from './metadata/family.ts';
import {gemma} from './gemma/gemma.ts';
import {gemma2} from './gemma/gemma2.ts';
import {gemma3} from './gemma/gemma3.ts';
import {granite} from './granite.ts';
import {internlm2} from './internlm2.ts';
import {llama} from './llama.ts';
import {olmo2} from './olmo2.ts';
import {phi3} from './phi3.ts';
import {qwen2} from './qwen2.ts';
import {qwen3} from './qwen3.ts';
import {smollm3} from './smollm3.ts';
import {xverse} from './xverse.ts';

/** Every family that Weft runs, by the architecture that its files name. */
const FAMILIES: ReadonlyMap<string, Family> = new Map(
  Object.entries({
    llama,
    qwen2,
    qwen3,
    gemma,
    gemma2,
    gemma3,
    olmo2,
    granite,
    smollm3,
    phi3,
    internlm2,
    exaone,
    exaone4,
    ernie4_5,
    xverse,
  }),
);

export const ARCHITECTURES: readonly string[] = [...FAMILIES.keys()];

export function familyOf(architecture: string): Family | undefined {
  return FAMILIES.get(architecture);
}
