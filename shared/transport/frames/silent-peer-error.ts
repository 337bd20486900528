/** Why a connection ends that nobody has closed: its peer is gone, or no packet reaches it. */
export class SilentPeerError extends Error {
  override readonly name = 'SilentPeerError';
}
