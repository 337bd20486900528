import type {Benchmark} from '../benchmark.ts';
import {benchChain} from './bench-chain.ts';
import {benchFrames} from './bench-frames.ts';
import {benchPrompt} from './bench-prompt.ts';

/** What distance, loss and a thin line cost real tabs, whose packets pass a proxy. */
export const benchNetwork: Benchmark = async (context) => {
  await benchFrames(context);
  await benchChain(context);
  await benchPrompt(context);
};
