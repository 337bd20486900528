import type {ManifestHash, PeerId} from '#shared/base/ids.ts';
import {unreachable} from '#shared/base/assert.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {checkFrame} from '#shared/session/serve-hop/check-frame.ts';
import type {PieceMs} from '#shared/session/serve-hop/cut-piece.ts';
import type {HopLimits} from '#shared/session/serve-hop/hop-session/hop-context.ts';
import {HopMachine, type HopTurn, type MachineLoad} from '#shared/session/serve-hop/hop-machine.ts';
import type {HopAction} from '#shared/session/serve-hop/hop-session/hop-action.ts';
import type {Transport} from '#shared/transport/transport.ts';
import type {ObservedStep} from '../measure/speed-meter.ts';
import {HopControl} from './hop-control.ts';
import {HopData} from './hop-data.ts';
import {HopLinks} from './hop-links.ts';
import {HopTurns, type RanTurn} from './hop-turns.ts';
import type {ReportToHop} from './report-to-hop.ts';
import type {ServedShard} from './served-shard.ts';
import type {SessionTraffic} from './session-traffic.ts';
import {timeTurn, type Arrival} from './time-turn.ts';

export type HopServerOptions = {
  readonly transport: Transport;
  readonly manifestHash: ManifestHash;
  readonly spec: ModelSpec;
  readonly grid: CutGrid;
  readonly limits: HopLimits;
  readonly nowMs: () => number;
  /** Monotonic, in ms with fractions: what a step takes is shorter than a ms of the clock. */
  readonly stopwatchMs: () => number;
  /** What each step took. */
  readonly onStep: (step: ObservedStep) => void;
  /** The tail of a chain has sampled a token. */
  readonly onSampled: (token: {readonly isFirst: boolean}) => void;
  /** Sessions, queue, tokens or what the engine holds for them changed: the record of this node may say so. */
  readonly onChange: () => void;
  readonly onEngineLost: (cause: unknown) => void;
};

type SessionOpening = HopTurn['place']['open'];

export type HopLoad = MachineLoad & {readonly servedTokens: number};

/**
 * One hop of other people's answers in a tab: frames, links and the engine on one side,
 * what `HopMachine` decides on the other. Knows no DOM and no WebRTC; the transport says
 * who sent what.
 */
export class HopServer {
  readonly #options: HopServerOptions;
  readonly #machine: HopMachine;
  readonly #links: HopLinks;
  readonly #control: HopControl;
  readonly #data: HopData;
  readonly #turns: HopTurns;
  readonly #arrivals = new WeakMap<Frame, Arrival>();
  readonly #unsubscribe: () => void;
  #servedTokens = 0;
  readonly #begun = new WeakSet<SessionOpening>();

  constructor(options: HopServerOptions) {
    const {transport, manifestHash, spec, grid, limits, stopwatchMs} = options;
    this.#options = options;
    this.#machine = new HopMachine({
      self: transport.localPeerId,
      manifestHash,
      grid,
      contextTokens: spec.contextTokens,
      hiddenSize: spec.hiddenSize,
      vocabularySize: spec.vocabularySize,
      limits,
      checkPayload: (frame, isHead) => checkFrame(frame, {isHead, spec}),
    });
    const report: ReportToHop = (sessionId, event) => {
      const happened = event.kind === 'broken' ? {...event, nowMs: options.nowMs()} : event;
      this.#do(this.#machine.step(sessionId, happened));
    };
    this.#links = new HopLinks(transport);
    this.#control = new HopControl({transport, links: this.#links, report});
    this.#data = new HopData({links: this.#links, report});
    this.#turns = new HopTurns({
      machine: this.#machine,
      spec,
      report,
      stopwatchMs,
      send: (ran) => this.#send(ran),
      hasSent: (sessionId) => this.#links.isFree(sessionId),
      onFreed: options.onChange,
      onEngineLost: options.onEngineLost,
    });
    this.#unsubscribe = transport.onPeerClosed((peerId) => {
      this.#do(this.#machine.peerLeft(peerId, options.nowMs()));
    });
  }

  get load(): HopLoad {
    return {...this.#machine.load, servedTokens: this.#servedTokens};
  }

  /** What passed from here to the next hop, for each of the sessions served last. */
  sessionTraffic(): readonly SessionTraffic[] {
    return this.#data.traffic();
  }

  /** Starts or stops serving; sessions of the shard before fail with `code`, by default `NOT_SERVING`. */
  serve(shard: ServedShard | null, code?: RefusalCode): void {
    this.#do(this.#machine.serve(shard?.range ?? null, code));
    this.#turns.use(shard);
  }

  /** Takes one frame that is addressed to a hop. Never throws: what is wrong is refused and counted. */
  receive(from: PeerId, frame: Frame): void {
    const {nowMs, stopwatchMs} = this.#options;
    if (frame.kind === 'control') {
      this.#do(this.#control.receive(this.#machine, from, frame, nowMs()));
      return;
    }
    const receivedMs = stopwatchMs();
    // What a client took to say which token may come is no time of this hop.
    const arrived = frame.kind === 'mask' ? this.#machine.unguided(frame.sessionId) : frame;
    this.#do(this.#machine.receive(from, frame, nowMs()));
    if (arrived !== null) this.#arrivals.set(arrived, {receivedMs, queuedMs: stopwatchMs()});
    void this.#turns.run();
  }

  /** What one layer takes for a piece of a prompt, as it was measured last. */
  pace(pieceLayerMs: PieceMs): void {
    this.#machine.pace(pieceLayerMs);
  }

  /** Counts a frame that could not even be read. */
  countMalformed(): void {
    this.#machine.count('MALFORMED_FRAME');
  }

  /** Frees what was silent or has waited for too long; the composition root calls it now and then. */
  sweep(): void {
    this.#do(this.#machine.sweep(this.#options.nowMs()));
  }

  /** Opens nothing more; sessions that are open go on to their end. */
  drain(): void {
    this.#machine.drain();
  }

  /** Opens sessions again. */
  reopen(): void {
    this.#machine.reopen();
  }

  /** {@link HopTurns.whileIdle} */
  async whileIdle<T>(act: (shard: ServedShard) => Promise<T>): Promise<T | null> {
    return await this.#turns.whileIdle(act);
  }

  /** Ends all sessions; this hop hears of nothing any more. */
  close(): void {
    this.#unsubscribe();
    this.serve(null);
  }

  #do(actions: readonly HopAction[]): void {
    for (const action of actions) this.#act(action);
  }

  #act(action: HopAction): void {
    switch (action.kind) {
      case 'reserve':
        this.#links.open(action.place.sessionId);
        void this.#turns.reserve(action);
        this.#options.onChange();
        break;
      case 'link':
        void this.#control.link(action);
        break;
      case 'truncate':
        void this.#turns.truncate(action);
        break;
      case 'send-states':
        void this.#data.sendStates(action);
        break;
      case 'send-token':
        break; // Only a turn gives a token, and sends it.
      case 'tell':
        this.#control.tell(action);
        break;
      case 'pass-close':
        this.#control.passClose(action);
        break;
      case 'free':
        void this.#turns.free(action.place.sessionId);
        this.#links.close(action.place.sessionId);
        this.#options.onChange();
        break;
      default:
        unreachable(action);
    }
  }

  /** Whether nothing was sampled before for this opening, and it does not resume an answer. */
  #isFirstOf(open: SessionOpening): boolean {
    const isFirst = open.epoch === 0 && !this.#begun.has(open);
    this.#begun.add(open);
    return isFirst;
  }

  /** What came of a turn goes out; how long all of it took is known once the first of it is on its way. */
  async #send(ran: RanTurn): Promise<void> {
    const {nowMs, stopwatchMs, onSampled, onStep} = this.#options;
    const {turn, output, token} = ran;
    const {sessionId} = turn.place;
    this.#servedTokens += turn.frame.tokenCount;
    if (token !== null) onSampled({isFirst: this.#isFirstOf(turn.place.open)});
    let isSent = this.#links.timesOf(sessionId) !== null;
    for (const action of this.#machine.ran(turn, output, nowMs())) {
      if (action.kind === 'send-states') isSent = await this.#data.sendStates(action);
      else if (action.kind === 'send-token' && token !== null) {
        isSent = await this.#data.sendToken(action, token);
      } else this.#act(action);
    }
    const times = this.#links.timesOf(sessionId);
    const arrival = this.#arrivals.get(turn.received);
    if (!isSent || times === null || arrival === undefined) return;
    onStep(timeTurn(ran, {arrival, times, sentMs: stopwatchMs()}));
  }
}
