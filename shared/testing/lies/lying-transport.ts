import type {PeerId, SessionId} from '#shared/base/ids.ts';
import type {OpenSession} from '#shared/protocol/control/open-session.ts';
import {encodeFrame, parseFrame, type Frame} from '#shared/protocol/frame/frame.ts';
import {decodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {transportWith} from '#shared/transport/testing/transport-with.ts';
import type {FrameListener, Transport} from '#shared/transport/transport.ts';

/** A frame on its way out of a hop. */
export type Outgoing = {
  readonly to: PeerId;
  readonly frame: Frame;
  readonly afterMs?: number;
};

/** What a lying hop knows of the session to which a frame belongs. */
export type LiedSession = {
  readonly sessionId: SessionId;
  readonly open: OpenSession;
  readonly from: PeerId;
};

/** What leaves a hop in place of what an honest one sends; `null`: just that. */
export type Distort = (honest: Outgoing, session: LiedSession) => readonly Outgoing[] | null;

/** The transport of a hop that is honest but for what it sends. */
export function lyingTransport(transport: Transport, distort: Distort): Transport {
  const sessions = new Map<SessionId, LiedSession>();
  const send: Transport['send'] = async (to, bytes, options) => {
    const frame = parseFrame(bytes);
    const session = sessions.get(frame.sessionId);
    const lied = session === undefined ? null : distort({to, frame}, session);
    if (lied === null) await transport.send(to, bytes, options);
    for (const out of lied ?? []) {
      if (out.afterMs !== undefined) await pause(out.afterMs);
      await transport.send(out.to, encodeFrame(out.frame), options);
    }
  };
  const onFrame = (listener: FrameListener) =>
    transport.onFrame((from, bytes) => {
      const frame = parseFrame(bytes);
      const message = frame.kind === 'control' ? decodeControlFrame(frame) : null;
      const {sessionId} = frame;
      if (message?.kind === 'open-session') {
        sessions.set(sessionId, {sessionId, open: message, from});
      }
      return listener(from, bytes);
    });
  return transportWith(transport, {send, onFrame});
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
