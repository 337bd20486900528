import * as z from 'zod';

/**
 * `scheme:host[:port]`, and for TURN a transport: what `RTCPeerConnection`
 * takes. It throws on anything else, so that one wrong address would keep a tab
 * from every other. RFC 7064 and RFC 7065.
 */
const ICE_URL =
  /^(?:stuns?:(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?|turns?:(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?)$/u;

export const iceUrlSchema = z
  .string()
  .max(256, 'is longer than 256 characters')
  .regex(ICE_URL, 'is not of the form stun:HOST:PORT or turn:HOST:PORT (stuns:, turns:)')
  .refine(hasUsablePort, 'names a port outside 1 to 65535');

/** One STUN or TURN server, as `RTCConfiguration.iceServers` takes it. */
export const iceServerSchema = z
  .object({
    urls: z
      .array(iceUrlSchema)
      .min(1, 'names no address')
      .max(8, 'names more than 8 addresses')
      .readonly(),
    /** For TURN. Chromium takes no more than 509 bytes. */
    username: z.string().min(1).max(509).exactOptional(),
    credential: z.string().min(1).max(509).exactOptional(),
  })
  .refine(
    (server) =>
      !server.urls.some((url) => url.startsWith('turn')) ||
      (server.username !== undefined && server.credential !== undefined),
    'a turn: or turns: address needs "username" and "credential"',
  )
  .readonly();

export type IceServer = z.infer<typeof iceServerSchema>;

function hasUsablePort(url: string): boolean {
  const port = /:(\d+)(?:\?.*)?$/u.exec(url)?.[1];
  if (port === undefined || url.endsWith(']')) return true;
  return Number(port) >= 1 && Number(port) <= 65_535;
}
