/** A sentence for the person at the terminal: what failed, why, and what to do. */
export class SetUpError extends Error {
  name = 'SetUpError';
}
