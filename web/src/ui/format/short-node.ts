/** The part of a peer id in which ids differ: all begin alike. */
export function shortNode(peerId: string): string {
  return peerId.slice(-6);
}
