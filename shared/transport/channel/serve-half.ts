import {unreachable} from '../../base/assert.ts';
import {FrameReceiver} from '../frames/frame-receiver.ts';
import {FrameSender} from '../frames/frame-sender.ts';
import type {HalfReport, HalfRequest, SubflowChannels} from './half-port.ts';
import type {HalfAtChannel} from './link-channels.ts';
import {NarrowWatch} from '../subflow/narrow-watch.ts';
import type {SubflowPipe} from '../subflow/subflow-pipe.ts';

type Options = {
  readonly pipe: SubflowPipe;
  readonly half: HalfAtChannel;
  /** Leads to the page. */
  readonly port: MessagePort;
  /** Makes a second subflow of the pipe. Resolves when it is open. */
  readonly addSubflow: (channels: SubflowChannels) => Promise<void>;
  readonly onEnded: () => void;
};

/** Runs one half of a link at its pipe, for a page that is at the other end of the port. */
export function serveHalf({half, ...options}: Options): void {
  switch (half.kind) {
    case 'sending':
      serveSending(half, options);
      break;
    case 'receiving':
      serveReceiving(half, options);
      break;
    default:
      unreachable(half);
  }
}

type Place = Omit<Options, 'half'>;

function serveSending(
  {beatMs}: Extract<HalfAtChannel, {readonly kind: 'sending'}>,
  place: Place,
): void {
  const report = reporter(place.port);
  const calls = new Map<number, AbortController>();
  const sender = new FrameSender({
    pipe: place.pipe,
    beatMs,
    onViolation: () => report({kind: 'violation'}),
    onSilent: ({message}) => report({kind: 'silent', why: message}),
    onClosed: (cause) => end(place, cause),
  });
  const run = async (
    callId: number,
    call: (signal: AbortSignal) => Promise<HalfReport>,
  ): Promise<void> => {
    const abort = new AbortController();
    calls.set(callId, abort);
    try {
      report(await call(abort.signal));
    } catch {
      // If the half has ended, the page knows.
      report({kind: 'given-up', callId});
    } finally {
      calls.delete(callId);
    }
  };
  const watch = new NarrowWatch();
  const lookForRoom = (): void => {
    const afterMs = watch.lookAfterMs;
    if (afterMs === null) return;
    setTimeout(() => {
      if (watch.look(place.pipe.waitingBytes)) report({kind: 'narrow'});
    }, afterMs);
  };
  listen(place, (request) => {
    if (request.kind === 'end') sender.abort(new Error('The page has ended the link'));
    else if (request.kind === 'divide') place.pipe.divide();
    else if (request.kind === 'give-up') calls.get(request.callId)?.abort();
    else if (request.kind === 'send') {
      const {callId, frame} = request;
      void run(callId, async (signal) => {
        await sender.send(frame, signal);
        lookForRoom();
        return {kind: 'sent', callId};
      });
    } else if (request.kind === 'measure-rtt') {
      const {callId} = request;
      void run(callId, async (signal) => {
        const rttMs = await sender.measureRtt(signal);
        watch.measured(rttMs);
        return {kind: 'measured', callId, rttMs};
      });
    }
  });
}

function serveReceiving(
  {beatMs, stallMs}: Extract<HalfAtChannel, {readonly kind: 'receiving'}>,
  place: Place,
): void {
  const report = reporter(place.port);
  const handled = new Map<number, () => void>();
  let frameCount = 0;
  const receiver = new FrameReceiver({
    pipe: place.pipe,
    beatMs,
    stallMs,
    onFrame: async (frame) => {
      frameCount += 1;
      const frameId = frameCount;
      const {promise, resolve} = Promise.withResolvers<void>();
      handled.set(frameId, resolve);
      report({kind: 'frame', frameId, frame}, [frame.buffer]);
      await promise;
    },
    onViolation: () => report({kind: 'violation'}),
    onFlood: (why) => report({kind: 'flood', why}),
    onClosed: (cause) => end(place, cause),
  });
  listen(place, (request) => {
    if (request.kind === 'end') receiver.abort(new Error('The page has ended the link'));
    else if (request.kind === 'handled') {
      handled.get(request.frameId)?.();
      handled.delete(request.frameId);
    }
  });
}

type Report = (report: HalfReport, transfer?: Transferable[]) => void;

function reporter(port: MessagePort): Report {
  return (report, transfer = []) => {
    port.postMessage(report, transfer);
  };
}

function listen({port, addSubflow}: Place, take: (request: HalfRequest) => void): void {
  port.addEventListener('message', ({data}: MessageEvent<HalfRequest>) => {
    if (data.kind === 'add-subflow') {
      void addSubflow(data).then(
        () => reporter(port)({kind: 'subflow-opened'}),
        () => undefined, // Its end is nothing before it is used.
      );
    } else take(data);
  });
  port.start();
}

function end({port, onEnded}: Place, cause: unknown): void {
  reporter(port)({kind: 'ended', why: cause instanceof Error ? cause.message : String(cause)});
  port.close();
  onEnded();
}
