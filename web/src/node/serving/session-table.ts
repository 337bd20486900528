import type {PeerId, SessionId} from '#shared/base/ids.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {CLIENT_HOP, type Frame} from '#shared/protocol/frame/frame.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import {kvTokensOf} from '#shared/protocol/control/open-session.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {stepHop} from '#shared/session/hop-session.ts';
import {ControlPost} from './control-post.ts';
import {RecentSessions} from './recent-sessions.ts';
import {dependsOn, type ServedSession} from './served-session.ts';

export type SessionTableOptions = {
  readonly transport: Transport;
  readonly maxSessions: number;
  /** A session was freed: what the engine and the queue hold for it goes too. */
  readonly onFreed: (session: ServedSession) => void;
  /** A session was added or freed. */
  readonly onChange: () => void;
};

/**
 * The sessions of one hop, from admission to their end: who must hear of an end,
 * up and down the chain, and how often this hop refused what.
 */
export class SessionTable {
  readonly #options: SessionTableOptions;
  readonly #sessions = new Map<SessionId, ServedSession>();
  readonly #recent = new RecentSessions();
  readonly #refusals = new Map<RefusalCode, number>();
  readonly #post: ControlPost;
  readonly #unsubscribe: () => void;

  constructor(options: SessionTableOptions) {
    this.#options = options;
    this.#post = new ControlPost(options.transport);
    this.#unsubscribe = options.transport.onPeerClosed((peerId) => {
      this.#dropPeer(peerId);
    });
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Cache positions that open sessions have reserved. */
  get kvTokensReserved(): number {
    return this.values().reduce((sum, {open}) => sum + kvTokensOf(open), 0);
  }

  /** What this hop itself refused or had to end, by code; what it only passed on is not counted. */
  get refusals(): ReadonlyMap<RefusalCode, number> {
    return this.#refusals;
  }

  /** A copy, so that sessions may end while it is walked. */
  values(): readonly ServedSession[] {
    return [...this.#sessions.values()];
  }

  get(sessionId: SessionId): ServedSession | undefined {
    return this.#sessions.get(sessionId);
  }

  isOpen(session: ServedSession): boolean {
    return this.#sessions.get(session.sessionId) === session;
  }

  /** Whether frames of this session may be under way still, though it is closed. */
  isRecent(sessionId: SessionId): boolean {
    return this.#recent.has(sessionId);
  }

  /** Why no session of this id can be added, or `null`. */
  checkRoom(sessionId: SessionId): RefusalCode | null {
    if (this.#sessions.has(sessionId)) return 'SESSION_EXISTS';
    return this.#sessions.size >= this.#options.maxSessions ? 'SESSIONS_FULL' : null;
  }

  add(session: ServedSession): void {
    this.#sessions.set(session.sessionId, session);
    this.#options.onChange();
  }

  /** Answers a frame that has no session here, and counts it. */
  refuse(to: PeerId, {sessionId, epoch}: Frame, code: RefusalCode, hopIndex = 0): void {
    this.count(code);
    const upstreamHop = hopIndex === 0 ? CLIENT_HOP : hopIndex - 1;
    const message: Message = {kind: 'session-failed', hopIndex, code};
    this.#post.send(to, {sessionId, epoch, hopIndex: upstreamHop}, message);
  }

  count(code: RefusalCode): void {
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
  }

  /** Ends a session because of what this hop itself saw, and counts it. */
  end(session: ServedSession, code: RefusalCode, hopIndex = session.open.hopIndex): void {
    if (!this.isOpen(session)) return;
    this.count(code);
    this.fail(session, code, hopIndex);
  }

  /** Frees a session here, tells the client up the chain, and frees the hops down the chain. */
  fail(session: ServedSession, code: RefusalCode, hopIndex: number): void {
    const {sessionId, epoch, upstream, isHead, isTail, open} = session;
    const message: Message = {kind: 'session-failed', hopIndex, code};
    const upstreamHop = isHead ? CLIENT_HOP : open.hopIndex - 1;
    this.#post.send(upstream, {sessionId, epoch, hopIndex: upstreamHop}, message);
    if (isTail && !isHead) {
      this.#post.send(open.clientId, {sessionId, epoch, hopIndex: CLIENT_HOP}, message);
    }
    this.free(session, {kind: 'close-session', reason: 'failed'});
  }

  /** Frees a session here and tells the next hop; up the chain they know. The tail tells the client what it took. */
  free(session: ServedSession, heard: CloseSession): void {
    const {sessionId, epoch, downstream, open} = session;
    const message = withOwnTimes(session, heard);
    session.state = stepHop(session.state, {kind: 'close'}).state;
    session.freed.abort();
    this.#sessions.delete(sessionId);
    this.#recent.add(sessionId);
    this.#options.onFreed(session);
    if (downstream !== null) {
      this.#post.send(downstream, {sessionId, epoch, hopIndex: open.hopIndex + 1}, message);
    } else if (message.served !== undefined) {
      const served: Message = {kind: 'session-served', hops: message.served};
      this.#post.send(open.clientId, {sessionId, epoch, hopIndex: CLIENT_HOP}, served);
    }
    this.#options.onChange();
  }

  /** Ends all sessions, and hears of no peer any more. */
  close(): void {
    this.#unsubscribe();
    for (const session of this.values()) this.end(session, 'NOT_SERVING');
  }

  #dropPeer(peerId: PeerId): void {
    for (const session of this.values()) {
      if (dependsOn(session, peerId)) this.end(session, 'PEER_LEFT', hopIndexOf(session, peerId));
    }
  }
}

type CloseSession = Extract<Message, {kind: 'close-session'}>;

/** Of a failed session nobody asks how fast it was. */
function withOwnTimes({open, times}: ServedSession, message: CloseSession): CloseSession {
  const {kind, reason} = message;
  if (reason === 'failed') return {kind, reason};
  const {served: before = []} = message;
  // More than one entry of each hop before this one is not what they measured.
  const isHonest = before.length <= open.hopIndex;
  return {kind, reason, served: [...(isHonest ? before : []), times.read(open.hopIndex)]};
}

function hopIndexOf(session: ServedSession, peerId: PeerId): number {
  const index = session.open.hops.findIndex((hop) => hop.peerId === peerId);
  return index === -1 ? session.open.hopIndex : index;
}
