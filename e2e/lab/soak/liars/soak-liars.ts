import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {HostileWorld} from '../../../pages/hostile/hostile-world.ts';
import {everyLie, meetLiars, wrongWith} from '../../../pages/hostile/meet-liars.ts';
import {askForAnswer, greedyRequest} from '../../../swarm/ask.ts';
import type {Soak} from '../soak.ts';
import {log} from '../../../swarm/test-log.ts';

const REQUEST = greedyRequest('What is the capital of France?', {maxNewTokens: 6});

/** Every lie that a hop can tell, at both ends of a chain of real tabs. */
export const soakLiars: Soak = async (_, {signal}) => {
  const world = await HostileWorld.start(log);
  try {
    const quiet = await askForAnswer(world.client, REQUEST);
    const wrong: string[] = [];
    const lies = everyLie(world);
    for (const lie of lies) {
      signal.throwIfAborted();
      for (const met of await meetLiars(world, [lie], REQUEST)) {
        const name = `${met.when}, at the ${met.at}: ${met.what}`;
        log(name);
        wrong.push(...wrongWith(met, {world, quiet}).map((fault) => `${name}: ${fault}`));
      }
    }
    return {
      checks: [atMost('lies that a client took the wrong way', wrong.length, 0)],
      figures: {lies: lies.length, wrong},
    };
  } finally {
    await world.stop();
  }
};
