import {asSessionId, type SessionId} from '#shared/base/ids.ts';
import type {RecordPublisher} from '#shared/directory/record-publisher.ts';
import type {DeviceState} from '../../ports/device-state.ts';
import type {ShardSpeed} from '../engine/proof/measure-shard.ts';
import type {ShardRunner, ShardStep} from '../engine/shard-runner.ts';
import type {HopServer} from '../serving/hop-server.ts';
import type {ServedShard} from '../serving/served-shard.ts';
import {runStep} from '../engine/run-step.ts';
import {SpeedMeter, type ObservedStep, type SpeedFacts} from '../measure/speed-meter.ts';

export type OwnSpeedOptions = {
  readonly hop: Pick<HopServer, 'whileIdle' | 'pace'>;
  readonly hiddenSize: number;
  readonly onDevice: (listener: (state: DeviceState) => void) => () => void;
  readonly publisher: Pick<RecordPublisher, 'update' | 'attach'>;
};

const PROBE_SESSION: SessionId = asSessionId('idle-probe');
/** The first step after a pause pays for the pause. */
const PROBE_STEPS = 4;
/** A tab that serves nobody tries itself this often, but for a fiftieth of its time at most. */
const PROBE_EVERY_MS = 4_000;
const PROBE_SHARE = 50;
const TICK_MS = 1_000;
/** f16 of one half. */
const HALF = 0x3800;

/** Monotonic, in ms with fractions. */
function stopwatchMs(): number {
  return performance.now();
}

/**
 * What this tab says of its own speed: measured at each step that it serves,
 * and by a few steps of its own while it serves nobody, so that a tab that is
 * throttled, hidden or busy says so before anybody counts on it.
 */
export class OwnSpeed {
  readonly #options: OwnSpeedOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #unwatch: () => void;
  #meter: SpeedMeter | null = null;
  #isHidden = false;
  #isProbing = false;
  #nextProbeMs = stopwatchMs() + PROBE_EVERY_MS;

  constructor(options: OwnSpeedOptions) {
    this.#options = options;
    this.#unwatch = options.onDevice(({hidden}) => {
      this.#setHidden(hidden);
    });
    this.#timer = setInterval(() => {
      this.#tick();
    }, TICK_MS);
  }

  /** What the record says of a shard that has just been loaded. */
  begin(reference: ShardSpeed): Partial<SpeedFacts> {
    this.#meter = new SpeedMeter(reference, this.#meter?.held ?? null);
    this.#meter.isHidden = this.#isHidden;
    this.#pace();
    return this.#meter.changedFacts(stopwatchMs())?.facts ?? {};
  }

  /** What one layer takes for one token of one session; 0 before there is a shard. */
  get decodeMsPerLayer(): number {
    return this.#meter?.decodeMsPerLayer ?? 0;
  }

  /** One step that was served. */
  observe(step: ObservedStep): void {
    const nowMs = stopwatchMs();
    this.#meter?.observe(step, nowMs);
    this.#nextProbeMs = Math.max(this.#nextProbeMs, nowMs + PROBE_EVERY_MS);
    this.#tell();
  }

  close(): void {
    this.#unwatch();
    clearInterval(this.#timer);
    this.#meter = null;
  }

  #setHidden(isHidden: boolean): void {
    this.#isHidden = isHidden;
    if (this.#meter === null) return;
    this.#meter.isHidden = isHidden;
    this.#nextProbeMs = stopwatchMs();
    this.#tell();
  }

  #pace(): void {
    if (this.#meter !== null) this.#options.hop.pace(this.#meter.pieceMsPerLayer);
  }

  #tell(): void {
    this.#pace();
    const changed = this.#meter?.changedFacts(stopwatchMs()) ?? null;
    if (changed === null) return;
    const {publisher} = this.#options;
    if (changed.isUrgent) publisher.update(changed.facts);
    else publisher.attach(changed.facts);
  }

  #tick(): void {
    this.#tell();
    if (this.#isProbing || stopwatchMs() < this.#nextProbeMs) return;
    this.#isProbing = true;
    void this.#probe().finally(() => {
      this.#isProbing = false;
      this.#tell();
    });
  }

  async #probe(): Promise<void> {
    const {hop} = this.#options;
    const startMs = stopwatchMs();
    let used: ShardRunner | null = null;
    for (let position = 0; position < PROBE_STEPS; position += 1) {
      const step = await hop.whileIdle((shard) => {
        used = shard.runner;
        return this.#probeStep(shard, position);
      });
      if (step === null) break; // An answer comes: its steps measure by themselves.
      if (position > 0) this.#meter?.observe(step, stopwatchMs());
    }
    await closeProbe(used);
    const nowMs = stopwatchMs();
    this.#nextProbeMs = nowMs + Math.max(PROBE_EVERY_MS, PROBE_SHARE * (nowMs - startMs));
  }

  async #probeStep({runner, range}: ServedShard, position: number): Promise<ObservedStep> {
    const {hiddenSize} = this.#options;
    if (position === 0) await runner.openSession(PROBE_SESSION, PROBE_STEPS);
    const bytes = new Uint8Array(new Uint16Array(hiddenSize).fill(HALF).buffer);
    const step: ShardStep = {
      sessionId: PROBE_SESSION,
      position,
      tokenCount: 1,
      input: {kind: 'hidden', dtype: 'f16', bytes},
      range,
      output: 'hidden',
    };
    const startMs = stopwatchMs();
    await runStep(runner, step);
    return {
      layers: range.endLayer - range.startLayer,
      tokenCount: 1,
      withLmHead: false,
      sessions: 1,
      runMs: stopwatchMs() - startMs,
      overheadMs: null,
    };
  }
}

async function closeProbe(runner: ShardRunner | null): Promise<void> {
  try {
    await runner?.closeSession(PROBE_SESSION);
  } catch {
    // An engine that is gone has nothing to free; the hop finds out by its next step.
  }
}
