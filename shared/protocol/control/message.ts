import * as z from 'zod';
import {closeSessionSchema} from './close-session.ts';
import {MalformedMessageError} from '../malformed-message.ts';
import {openSessionSchema} from './open-session.ts';
import {keptFromSchema, replayFromSchema} from './replay-from.ts';
import {sessionFailedSchema} from './session-failed.ts';
import {sessionReadySchema} from './session-ready.ts';
import {sessionServedSchema} from './session-served.ts';
import {truncateSchema} from './truncate.ts';

/** Everything that a `control` frame may contain. The session is in the frame's header; the epoch too, where a message repeats it. */
export const messageSchema = z.discriminatedUnion('kind', [
  openSessionSchema,
  sessionReadySchema,
  sessionFailedSchema,
  closeSessionSchema,
  sessionServedSchema,
  truncateSchema,
  replayFromSchema,
  keptFromSchema,
]);

export type Message = z.infer<typeof messageSchema>;

/** @throws {MalformedMessageError} when `value` is no message; the sender loses trust. */
export function parseMessage(value: unknown): Message {
  const result = messageSchema.safeParse(value);
  if (!result.success) throw new MalformedMessageError('message', result.error);
  return result.data;
}
