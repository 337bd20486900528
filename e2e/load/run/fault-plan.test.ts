import {describe, expect, test} from 'vitest';
import {FaultPlan, type FaultServer, type FaultTab} from './fault-plan.ts';
import {RunJournal} from './run-journal.ts';
import {parseScenario} from '../scenario/scenario.ts';

class RecordedTab implements FaultTab {
  readonly index: number;
  readonly observation: {readonly id: string};
  readonly state = {kind: 'serving'} as const;
  isOpen = true;
  isCrashed = false;
  isFrozen = false;
  thawCount = 0;
  slowness = 1;

  constructor(index: number) {
    this.index = index;
    this.observation = {id: `node-${index}`};
  }

  async close(): Promise<void> {
    this.isOpen = false;
  }

  async kill(): Promise<void> {
    this.isOpen = false;
  }

  async slowDown(factor: number): Promise<void> {
    this.slowness = factor;
  }

  async crashEngine(): Promise<void> {
    this.isCrashed = true;
  }

  async freeze(): Promise<() => void> {
    this.isFrozen = true;
    return () => {
      this.isFrozen = false;
      this.thawCount += 1;
    };
  }
}

class RecordedServer implements FaultServer {
  readonly acts: ('killed' | 'started')[] = [];

  async kill(): Promise<void> {
    this.acts.push('killed');
  }

  async startAgain(): Promise<void> {
    this.acts.push('started');
  }
}

function planOf(...faults: readonly Record<string, unknown>[]) {
  const scenario = {model: 'm', tabs: [{count: 3}], requests: {prompts: ['Hi'], count: 3}, faults};
  const tabs = [0, 1, 2].map((index) => new RecordedTab(index));
  const journal = new RunJournal(0);
  const server = new RecordedServer();
  const cuts = new Set<string>();
  const cutLink = (from: FaultTab, to: FaultTab) => {
    const link = `${from.index}-${to.index}`;
    cuts.add(link);
    return () => {
      cuts.delete(link);
    };
  };
  const plan = new FaultPlan({...parseScenario(scenario), tabs, server, journal, cutLink});
  return {plan, tabs, server, journal, cuts, kinds: () => journal.events.map(({kind}) => kind)};
}

const hop = (tab: number, startLayer: number) => ({
  node: `node-${tab}`,
  startLayer,
  endLayer: startLayer + 1,
  engine: 'stub',
});

describe('a plan of faults', () => {
  test('[FP1] strikes once, at its token of its request, the stage of that chain', async () => {
    const {plan, tabs, kinds} = planOf({
      kind: 'close-tab',
      target: 'stage:1',
      request: 1,
      afterTokens: 2,
    });
    await plan.onChain(0, [hop(0, 0), hop(1, 1)]);
    await plan.onChain(1, [hop(1, 0), hop(2, 1)]);
    await plan.onTokens(0, 5);
    await plan.onTokens(1, 1);
    expect(kinds()).toEqual([]);
    await plan.onTokens(1, 2);
    await plan.onTokens(1, 3);
    plan.end();
    expect(tabs.map(({isOpen}) => isOpen)).toEqual([true, true, false]);
    expect(kinds()).toEqual(['fault']);
    expect(plan.skippedCount).toBe(0);
  });

  test('[FP2] by time at a stage it waits for a chain', async () => {
    const {plan, tabs} = planOf({kind: 'crash-engine', target: 'stage:0', atMs: 0});
    plan.begin();
    await new Promise((resolve) => void setTimeout(resolve));
    expect(tabs.some(({isCrashed}) => isCrashed)).toBe(false);
    await plan.onChain(2, [hop(1, 0)]);
    plan.end();
    expect(tabs.map(({isCrashed}) => isCrashed)).toEqual([false, true, false]);
  });

  test('[FP3] says which faults did not happen, and counts them', async () => {
    const {plan, kinds} = planOf(
      {kind: 'close-tab', target: 'tab:0', request: 0, afterTokens: 0},
      {kind: 'close-tab', target: 'tab:0', request: 0, afterTokens: 1},
      {kind: 'close-tab', target: 'stage:4', request: 0, afterTokens: 2},
      {kind: 'close-tab', target: 'tab:1', request: 2, afterTokens: 9},
    );
    await plan.onChain(0, [hop(0, 0)]);
    for (const tokens of [0, 1, 2]) await plan.onTokens(0, tokens);
    plan.end();
    expect(kinds()).toEqual(['fault', 'fault-skipped', 'fault-skipped', 'fault-skipped']);
    expect(plan.skippedCount).toBe(3);
  });

  test.each([
    ['after its time', 0],
    ['when the load is over, if that comes first', 1e6],
  ])('[FP5] a frozen tab goes on %s, once', async (_, forMs) => {
    const {plan, tabs, kinds} = planOf({kind: 'freeze-tab', target: 'tab:0', request: 0, forMs});
    await plan.onTokens(0, 0);
    expect(tabs.map(({isFrozen}) => isFrozen)).toEqual([true, false, false]);
    if (forMs === 0) await expect.poll(() => tabs[0]?.isFrozen).toBe(false);
    plan.end();
    expect(tabs[0]).toMatchObject({isFrozen: false, thawCount: 1});
    expect(kinds()).toEqual(['fault', 'tab-thawed']);
    expect(plan.skippedCount).toBe(0);
  });

  test.each([
    ['for good', {}, ['killed']],
    ['for a while, which ends with the load at the latest', {forMs: 1e6}, ['killed', 'started']],
  ])('[FP6] the server is killed %s', async (_, times, acts) => {
    const {plan, server, kinds} = planOf({
      kind: 'kill-server',
      request: 0,
      afterTokens: 2,
      ...times,
    });
    await plan.onTokens(0, 2);
    expect(server.acts).toEqual(['killed']);
    plan.end();
    expect(server.acts).toEqual(acts);
    await expect.poll(kinds).toEqual(['fault', ...acts.slice(1).map(() => 'server-back')]);
    expect(plan.skippedCount).toBe(0);
  });

  test('[FP7] the link after a stage is cut, after the last that to the first, for good', async () => {
    const {plan, cuts, journal} = planOf(
      {kind: 'cut-link', target: 'stage:0', request: 0, afterTokens: 1},
      {kind: 'cut-link', target: 'stage:1', request: 0, afterTokens: 2},
    );
    await plan.onChain(0, [hop(2, 0), hop(1, 1)]);
    await plan.onTokens(0, 1);
    expect([...cuts]).toEqual(['2-1']);
    await plan.onTokens(0, 2);
    plan.end();
    expect([...cuts]).toEqual(['2-1', '1-2']);
    const [first] = journal.events;
    expect(first).toMatchObject({fault: 'cut-link', node: 'node-2', to: {node: 'node-1'}});
  });

  test('[FP7] a link that is cut for a while heals', async () => {
    const fault = {kind: 'cut-link', target: 'stage:0', request: 0, forMs: 0};
    const {plan, cuts, kinds} = planOf(fault);
    await plan.onChain(0, [hop(0, 0), hop(1, 1)]);
    await plan.onTokens(0, 0);
    await expect.poll(() => cuts.size).toBe(0);
    expect(kinds()).toEqual(['fault', 'link-healed']);
  });

  test('[FP7] a chain of one stage has no link to cut', async () => {
    const {plan, cuts} = planOf({kind: 'cut-link', target: 'stage:0', request: 0});
    await plan.onChain(0, [hop(0, 0)]);
    await plan.onTokens(0, 0);
    expect(cuts.size).toBe(0);
    expect(plan.skippedCount).toBe(1);
  });

  test('[FP8] strikes the tab that has taken over, once its chain is ready', async () => {
    const {plan, tabs, kinds} = planOf(
      {kind: 'close-tab', target: 'stage:0', request: 0, afterTokens: 1},
      {kind: 'kill-tab', target: 'stage:0', request: 0, afterRecoveries: 1},
    );
    await plan.onChain(0, [hop(0, 0)]);
    await plan.onRecovery(0, 0);
    await plan.onTokens(0, 1);
    expect(tabs.map(({isOpen}) => isOpen)).toEqual([false, true, true]);
    await plan.onChain(0, [hop(2, 0)]);
    await plan.onRecovery(1, 1);
    expect(kinds()).toEqual(['fault']);
    await plan.onRecovery(0, 1);
    plan.end();
    expect(tabs.map(({isOpen}) => isOpen)).toEqual([false, true, false]);
    expect(plan.skippedCount).toBe(0);
  });

  test('[FP9] a tab becomes slow by its factor', async () => {
    const fault = {kind: 'slow-tab', target: 'tab:1', factor: 8, request: 0};
    const {plan, tabs} = planOf(fault);
    await plan.onTokens(0, 0);
    expect(tabs.map(({slowness}) => slowness)).toEqual([1, 8, 1]);
  });

  test('[FP4] a random target is the same for a seed', async () => {
    const hit = [];
    for (let run = 0; run < 2; run += 1) {
      const {plan, tabs} = planOf({kind: 'close-tab', target: 'random', request: 0});
      await plan.onTokens(0, 0);
      hit.push(tabs.findIndex(({isOpen}) => !isOpen));
    }
    expect(hit[0]).toBeGreaterThanOrEqual(0);
    expect(hit[0]).toBe(hit[1]);
  });
});
