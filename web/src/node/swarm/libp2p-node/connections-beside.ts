/** Those that are open, of each. */
const beside = new WeakMap<RTCPeerConnection, Set<RTCPeerConnection>>();

/** Connections to the same peer, for second subflows of links over this one. */
export function connectionsBeside(main: RTCPeerConnection): readonly RTCPeerConnection[] {
  return [...(beside.get(main) ?? [])];
}

/** @returns forgets it again. */
export function noteBeside(main: RTCPeerConnection, connection: RTCPeerConnection): () => void {
  const all = beside.get(main) ?? new Set();
  beside.set(main, all.add(connection));
  return () => {
    all.delete(connection);
  };
}
