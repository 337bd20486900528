import * as z from 'zod';
import {iceServerSchema, iceUrlSchema, type IceServer} from '#shared/protocol/ice-server.ts';

export const MAX_ICE_SERVERS = 8;
const MAX_TURN_URLS = 8;

/** As `RTCConfiguration.iceServers` is written: `urls` may be one text. */
export const iceServersSchema: z.ZodType<readonly IceServer[]> = z
  .array(z.preprocess(withUrlList, iceServerSchema), 'is not an array')
  .max(MAX_ICE_SERVERS, `names more than ${MAX_ICE_SERVERS} servers`);

export const turnUrlsSchema: z.ZodType<readonly string[]> = z
  .array(iceUrlSchema.startsWith('turn', 'is not of the form turn:HOST:PORT or turns:HOST:PORT'))
  .max(MAX_TURN_URLS, `names more than ${MAX_TURN_URLS} addresses`);

function withUrlList(server: unknown): unknown {
  const isObject = typeof server === 'object' && server !== null;
  if (!isObject || !('urls' in server) || typeof server.urls !== 'string') return server;
  return {...server, urls: [server.urls]};
}
