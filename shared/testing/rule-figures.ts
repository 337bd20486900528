import {RECORD_MAX_LIFE_MS} from '../directory/records/signed-record.ts';
import {FRAME_HEADER_BYTES, MAX_CONTROL_BYTES, MAX_FRAME_BYTES} from '../protocol/frame/frame.ts';
import {MAX_SAMPLED_TOKENS} from '../protocol/frame/sampled-token.ts';
import {RECORD_MAX_BYTES, RECORD_TTL_MS} from '../protocol/node-record.ts';
import {STEADY_MS} from '../scheduling/steady-speed.ts';
import {MOST_MS} from '../scheduling/swarm-snapshot.ts';
import {CONNECT_TIMEOUT_MS, LINK_WAIT_MS} from '../transport/connect-timeout.ts';

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const SECOND_MS = 1_000;
const grouped = (figure: number): string => figure.toLocaleString('en');

/**
 * What rules say of constants of the source, made of the constants: the text of
 * a rule must contain it, so neither can change alone.
 */
export const RULE_FIGURES: readonly (readonly [rule: string, words: string])[] = [
  ['FR2', `a header of ${FRAME_HEADER_BYTES} bytes`],
  ['FR3', `more than ${MAX_SAMPLED_TOKENS}`],
  ['FR3', `more than ${MAX_FRAME_BYTES / MIB} MiB (${MAX_CONTROL_BYTES / KIB} KiB of control)`],
  ['NR3', `${RECORD_TTL_MS / SECOND_MS} s after it was signed`],
  ['SR2', `above ${grouped(RECORD_MAX_BYTES)} bytes`],
  ['SR6', `more than ${RECORD_MAX_LIFE_MS / SECOND_MS} s ahead of the clock or of its own`],
  ['SP2', MOST_MS === 3_600 * SECOND_MS ? 'above an hour' : `above ${MOST_MS} ms`],
  ['SI2', STEADY_MS === 60 * SECOND_MS ? 'once a minute' : `once in ${STEADY_MS} ms`],
  ['GD5', `at most ${CONNECT_TIMEOUT_MS / SECOND_MS} seconds`],
  ['TR25', `waits ${LINK_WAIT_MS / SECOND_MS} s`],
];
