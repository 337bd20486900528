import {setTimeout as wait} from 'node:timers/promises';
import {forEachAtOnce} from '../../swarm/for-each-at-once.ts';
import type {Swarm} from '../../swarm/start-swarm.ts';
import {LendingTab} from './lending-tab.ts';
import type {RunJournal} from './run-journal.ts';
import type {TabGroup} from '../scenario/scenario.ts';

/** Pages that load at the same time; more take as long on few cores, and run into time limits. */
const OPENED_AT_ONCE = 4;

export type Lending = {
  readonly tabs: readonly LendingTab[];
  /** Resolves when those that are there from the beginning have joined. Rejects when one cannot be opened. */
  readonly ready: Promise<void>;
  /** Opens another tab like this one, which joins at once. */
  readonly replace: (tab: LendingTab) => Promise<void>;
};

/** Opens the lending tabs of a scenario; those of one time join together. */
export function lendTabs(input: {
  readonly groups: readonly TabGroup[];
  readonly swarm: Swarm;
  readonly model: string;
  readonly journal: RunJournal;
  readonly onChange: () => void;
  readonly signal: AbortSignal;
}): Lending {
  const {groups, swarm, model, journal, onChange, signal} = input;
  const tabs = groups
    .flatMap((group) => Array.from({length: group.count}, () => group))
    .map((group, index) => new LendingTab({index, group, journal, onChange}));
  const openGroup = async (joinAtMs: number): Promise<void> => {
    await wait(Math.max(0, joinAtMs - journal.nowMs()), undefined, {signal});
    const group = tabs.filter((tab) => tab.group.joinAtMs === joinAtMs);
    await forEachAtOnce(group, OPENED_AT_ONCE, (tab) => {
      signal.throwIfAborted();
      return tab.open(swarm, model);
    });
    // At once, however long their pages took: so they plan together, as the scenario says.
    await Promise.all(group.map((tab) => tab.lend()));
  };
  const [first = 0, ...later] = [...new Set(groups.map((group) => group.joinAtMs))].toSorted(
    (a, b) => a - b,
  );
  for (const joinAtMs of later) {
    openGroup(joinAtMs).catch((error: unknown) => {
      if (!signal.aborted) journal.note('tab-failed', {message: String(error)});
    });
  }
  const replace = async ({group, index: replaced}: LendingTab): Promise<void> => {
    const tab = new LendingTab({index: tabs.length, group, journal, onChange});
    tabs.push(tab);
    journal.note('tab-replaced', {tab: replaced, by: tab.index});
    await tab.open(swarm, model);
    await tab.lend();
  };
  return {tabs, ready: openGroup(first), replace};
}
