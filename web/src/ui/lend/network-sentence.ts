import type {NetworkState} from '../../ports/network-service.ts';

type Lending = {
  readonly isServing: boolean;
  /** Every other tab is out of reach. */
  readonly isCutOff: boolean;
};

/** What a person who lends should know of the network; `null`: nothing. */
export function networkSentence(
  network: NetworkState,
  {isServing, isCutOff}: Lending,
): string | null {
  if (network === 'offline') {
    return 'This device is offline. This tab rejoins the swarm by itself when the network is back.';
  }
  if (network === 'no-server') {
    const goesOn = isServing ? ' Answers that run here go on.' : '';
    return `The signal server does not answer.${goesOn} This tab tries to rejoin every 2 s.`;
  }
  return isCutOff
    ? 'No other tab can be reached from here, so nobody can use this one: a firewall, a VPN or a setting of this browser may block WebRTC. Try another network.'
    : null;
}
