import type {AskRequest} from '#shared/client/chat/chat-service.ts';
import {askForAnswer} from '../../swarm/ask.ts';
import type {Tab} from '../../swarm/tab.ts';

/** The ids of an answer, as one text. A question that hangs is ended after a minute. */
export async function askWithin(
  tab: Tab,
  request: AskRequest,
  signal: AbortSignal,
): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
  const {tokenIds} = await askForAnswer(tab, request, {signal: limit});
  return tokenIds.join(' ');
}
