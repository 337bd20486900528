import type {Stream} from '@libp2p/interface';
import type {ReceivingEvents, ReceivingHalf} from '../frames/link-half.ts';
import {HalfAtPort} from './half-at-port.ts';
import type {OpenedChannel} from './link-channels.ts';

type Options = ReceivingEvents & {readonly channel: OpenedChannel; readonly stream: Stream};

/** The receiving half of a link whose frames arrive in another thread. */
export class ChannelReceiver implements ReceivingHalf {
  readonly half: HalfAtPort;

  constructor({channel, stream, onFrame, onViolation, onFlood, onClosed}: Options) {
    this.half = new HalfAtPort({
      ...channel,
      stream,
      onReport: (report) => {
        if (report.kind === 'violation') onViolation();
        else if (report.kind === 'flood') onFlood(report.why);
        else if (report.kind === 'frame') {
          const {frameId, frame} = report;
          void onFrame(frame).finally(() => this.half.ask({kind: 'handled', frameId}));
        }
      },
      onClosed,
    });
  }

  get opened(): Promise<void> {
    return this.half.opened;
  }

  abort(cause: Error): void {
    this.half.abort(cause);
  }
}
