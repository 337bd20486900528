import {expect, test} from 'vitest';
import {loadWebRtc} from './load-webrtc.ts';

test('[JN1] a browser without WebRTC says so at once', async () => {
  // Node has none either.
  await expect(loadWebRtc()).rejects.toMatchObject({
    detail: {code: 'WEBRTC_MISSING'},
    message: expect.stringContaining('use another browser'),
  });
});
