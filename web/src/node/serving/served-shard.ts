import type {ServedRange} from '#shared/session/serve-hop/check-opening.ts';
import type {ShardRunner} from '../engine/shard-runner.ts';

/** The shard that a node serves, ready to run. */
export type ServedShard = {readonly runner: ShardRunner; readonly range: ServedRange};
