import type {PeerId} from '../../base/ids.ts';
import type {PutRefusal, PutReply} from '../../protocol/put-message.ts';
import {DirectoryError} from '../directory.ts';

/** A server that has not answered by then is asked again with the next record. */
const PUT_TIMEOUT_MS = 5_000;
/** Once one server has refused, the others have this long to do better. */
const AFTER_REFUSAL_MS = 1_000;

type Options = {
  readonly key: string;
  readonly servers: readonly PeerId[];
  readonly put: (server: PeerId, signal: AbortSignal) => Promise<PutReply>;
  readonly signal: AbortSignal;
};

/**
 * Offers a record to all servers side by side, each with its own deadline.
 * Resolves with the first that stored it: one that hangs costs nothing.
 *
 * @throws {DirectoryError} with the wire's code when none stored it and one
 *   gave a reason; else `DIRECTORY_UNREACHABLE`.
 */
export async function publishToServers(options: Options): Promise<void> {
  const {key, servers, put, signal} = options;
  const outcome = Promise.withResolvers<'stored' | 'over'>();
  const refusals: PutRefusal[] = [];
  const causes: unknown[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const giveUp = () => outcome.resolve('over');
  const offer = async (server: PeerId) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PUT_TIMEOUT_MS)]);
    try {
      const reply = await put(server, limit);
      if (reply.kind === 'stored') outcome.resolve('stored');
      else refusals.push(reply.code);
    } catch (cause) {
      causes.push(cause);
    }
    if (refusals.length > 0) timer ??= setTimeout(giveUp, AFTER_REFUSAL_MS);
  };
  void Promise.all(servers.map(offer)).then(giveUp);
  signal.addEventListener('abort', giveUp, {once: true});
  const end = await outcome.promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', giveUp);
  if (end === 'over') throw notStored(key, refusals[0], causes);
}

function notStored(
  key: string,
  refusal: PutRefusal | undefined,
  causes: readonly unknown[],
): DirectoryError {
  if (refusal !== undefined) {
    return new DirectoryError(
      {code: refusal, key},
      `Cannot publish "${key}": the server answered ${refusal}`,
    );
  }
  return new DirectoryError(
    {code: 'DIRECTORY_UNREACHABLE', key},
    `Cannot publish "${key}": no server that the bootstrap names stored it`,
    {cause: new AggregateError(causes)},
  );
}
