import {levelOf, type TabEvent} from '../../../web/src/ports/tab-event.ts';
import type {HeardTabEvent, RunEvent} from './run-record.ts';

/** The clock of one run, and what happened by it. */
export class RunJournal {
  readonly events: RunEvent[] = [];
  readonly tabEvents: HeardTabEvent[] = [];
  readonly beganAtUnixMs: number;

  constructor(beganAtUnixMs: number) {
    this.beganAtUnixMs = beganAtUnixMs;
  }

  /** Ms since the run began, of a Unix time with fractions. */
  runMsOf(unixMs: number): number {
    return unixMs - this.beganAtUnixMs;
  }

  nowMs(): number {
    return this.runMsOf(performance.timeOrigin + performance.now());
  }

  note(
    kind: RunEvent['kind'],
    facts: Readonly<Record<string, unknown>> = {},
    atMs = this.nowMs(),
  ): void {
    this.events.push({atMs: Math.round(atMs * 10) / 10, kind, ...facts});
  }

  /** Keeps what a tab says of itself. */
  hear(tab: HeardTabEvent['tab'], event: TabEvent, atUnixMs: number): void {
    const atMs = Math.round(this.runMsOf(atUnixMs) * 10) / 10;
    this.tabEvents.push({atMs, tab, level: levelOf(event), ...event});
  }
}
