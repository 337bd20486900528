import {log} from '../../../swarm/test-log.ts';
import {isAmong, type SoakContext, type SoakResult} from '../soak.ts';

/** Parts of a run by name, each over the same swarm. */
export type Parts<Over> = Readonly<Record<string, (over: Over) => Promise<SoakResult>>>;

/** One after the other, over what `open` opens once; nothing is opened where no part is asked for. */
export async function runParts<Over>(
  parts: Parts<Over>,
  {
    only,
    open,
  }: {
    readonly only: SoakContext['only'];
    readonly open: () => Promise<{readonly over: Over; readonly close: () => Promise<void>}>;
  },
): Promise<SoakResult> {
  const chosen = Object.entries(parts).filter(([name]) => isAmong(name, only));
  if (chosen.length === 0) return {checks: [], figures: {}};
  const {over, close} = await open();
  const results: SoakResult[] = [];
  try {
    for (const [name, run] of chosen) {
      log(name);
      const result = await run(over);
      for (const {says, value, limit, holds} of result.checks) {
        log(`  ${holds ? 'holds' : 'FAILS'}: ${says}: ${value}, limit ${limit}`);
      }
      results.push(result);
    }
  } finally {
    await close();
  }
  return joined(results);
}

export function joined(results: readonly SoakResult[]): SoakResult {
  return {
    checks: results.flatMap(({checks}) => checks),
    figures: Object.fromEntries(results.flatMap(({figures}) => Object.entries(figures))),
  };
}
