import {parseFrame} from '#shared/protocol/frame/frame.ts';
import {transportWith} from '#shared/transport/testing/transport-with.ts';
import type {Transport} from '#shared/transport/transport.ts';

/** A transport that knows that an opening, or the word that all are ready, was sent only when a frame has come for it. */
export function slowToConfirm(transport: Transport): Transport {
  let came = Promise.withResolvers<void>();
  return transportWith(transport, {
    send: async (to, bytes, options) => {
      const isMessage = parseFrame(bytes).kind === 'control';
      await transport.send(to, bytes, options);
      if (isMessage) await came.promise;
    },
    onFrame: (listener) =>
      transport.onFrame(async (from, bytes) => {
        const isMessage = parseFrame(bytes).kind === 'control';
        const taken = listener(from, bytes);
        if (isMessage) came = Promise.withResolvers();
        else came.resolve();
        await taken;
      }),
  });
}
