/// <reference types="node" />
import {createHash} from 'node:crypto';
import {damageFile, randomHeader} from '#shared/testing/damaged-files/damage-file.ts';
import {soundFiles} from '#shared/testing/damaged-files/sound-files.ts';
import {tryFile, type Trial} from '#shared/testing/damaged-files/try-file.ts';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {seededRandom} from '#shared/scheduling/seeded-choice.ts';
import type {Soak} from './soak.ts';

const RANDOM_HEADERS = 10_000;
const LONGEST_HEADER_BYTES = 400;
const DAMAGED_FILES = 1_000;
/** Header twice, each tensor once. */
const MOST_READS = 3;
/** What this process holds beyond what it held at the start: a count that is believed takes gigabytes. */
const MOST_MEMORY_BYTES = 512 * 1024 * 1024;

const sha256 = async (bytes: Uint8Array): Promise<string> =>
  createHash('sha256').update(bytes).digest('hex');

/** Random headers and damaged files of every storage type: each is taken or refused by its code. */
export const soakDamagedFiles: Soak = async ({seed}, {signal}) => {
  const random = seededRandom(seed);
  const heldBefore = heldBytes();
  const outcomes = new Map<string, number>();
  let mostHeldBytes = 0;
  let mostReads = 0;
  const wrong: string[] = [];
  const attempt = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    signal.throwIfAborted();
    const trial = await tryFile(bytes, sha256).catch((error: unknown): Trial => {
      wrong.push(String(error));
      return {outcome: 'MODEL_UNREADABLE', readBytes: 0};
    });
    outcomes.set(trial.outcome, (outcomes.get(trial.outcome) ?? 0) + 1);
    mostReads = Math.max(mostReads, trial.readBytes / bytes.byteLength);
    mostHeldBytes = Math.max(mostHeldBytes, heldBytes() - heldBefore);
  };
  for (let file = 0; file < RANDOM_HEADERS; file += 1) {
    await attempt(randomHeader(1 + Math.floor(random() * LONGEST_HEADER_BYTES), random));
  }
  const sound = soundFiles(seed);
  const headers = await Promise.all(sound.map((bytes) => parseGguf(memoryByteSource(bytes))));
  for (let file = 0; file < DAMAGED_FILES; file += 1) {
    const at = file % sound.length;
    const [bytes, header] = [sound[at], headers[at]];
    if (!bytes || !header) continue;
    await attempt(damageFile(bytes, {headerByteLength: header.headerByteLength, random}));
  }
  return {
    checks: [
      atMost('files that were neither taken nor refused by a code', wrong.length, 0),
      atMost('bytes read of a file, of its size', mostReads, MOST_READS),
      atMost('bytes held beyond those before the first file', mostHeldBytes, MOST_MEMORY_BYTES),
      atLeast('outcomes that occurred, of four', outcomes.size, 4),
    ],
    figures: {outcomes: Object.fromEntries(outcomes), mostHeldBytes, wrong: wrong.slice(0, 10)},
  };
};

function heldBytes(): number {
  const {heapUsed, external} = process.memoryUsage();
  return heapUsed + external;
}
