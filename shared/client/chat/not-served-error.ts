import {WeftError} from '#shared/base/errors.ts';
import {showLayers} from '#shared/model/show-layers.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';

/** An answer has not begun, since layers of its model are served by nobody whom this node reaches. */
class NotServedError extends WeftError<{
  readonly code: 'NOT_SERVED';
  readonly missing: readonly MissingLayers[];
}> {
  override readonly name = 'NotServedError';

  constructor(missing: readonly MissingLayers[]) {
    super({code: 'NOT_SERVED', missing}, sentenceOf(missing));
  }
}

/** How long tabs that are listed may take to answer: the first dial of a busy device takes ten seconds and more. */
const LISTED_PATIENCE_MS = 30_000;

/** Somebody serves the layers; full ones are free again in seconds. */
const LISTED: ReadonlySet<MissingLayers['why']> = new Set(['silent', 'unreachable', 'distrusted']);

/** For who does not wait for people who might lend. */
export class ServedWatch {
  readonly #nowMs: () => number;
  #sinceMs: number | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * An answer that has not begun waits for these.
   *
   * @throws {NotServedError} at once for layers that nobody serves, and after thirty seconds for those of tabs that
   *   are listed and do not answer.
   */
  waitsFor(missing: readonly MissingLayers[]): void {
    const lacking = missing.filter(({why}) => why !== 'full');
    if (lacking.length === 0) {
      this.#sinceMs = null;
      return;
    }
    this.#sinceMs ??= this.#nowMs();
    const isLate = this.#nowMs() - this.#sinceMs >= LISTED_PATIENCE_MS;
    if (isLate || !lacking.every(({why}) => LISTED.has(why))) throw new NotServedError(missing);
  }
}

function sentenceOf(missing: readonly MissingLayers[]): string {
  const loading = missing.filter(({why}) => why === 'loading');
  const nobody = missing.filter(({why}) => why === 'no-node');
  const apart = missing.filter(
    ({why}) => why === 'silent' || why === 'unreachable' || why === 'distrusted',
  );
  const parts = [
    ...(nobody.length === 0 ? [] : [`nobody serves layers ${showLayers(nobody)} of this model`]),
    ...(apart.length === 0 ? [] : [`no tab that serves layers ${showLayers(apart)} answers`]),
    ...(loading.length === 0
      ? []
      : [`layers ${showLayers(loading)} are being loaded by tabs that have just joined`]),
  ];
  const sentence = parts.join(', and ');
  const next = nobody.length === 0 ? 'in a few seconds' : 'when somebody lends a tab';
  return `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}: try again ${next}`;
}
