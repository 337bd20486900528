import type {NodeRecord} from '#shared/protocol/node-record.ts';

/** For a person who lends: none where every link that was measured is direct. */
export function turnSentences(rtts: NodeRecord['rtts']): readonly string[] {
  const count = rtts.filter(({viaTurn}) => viaTurn === true).length;
  if (count === 0) return [];
  const links = `${count} of ${rtts.length} measured links`;
  return [
    `${links} pass through a relay server (TURN), because a firewall or router is in the way: answers prefer other tabs.`,
  ];
}
