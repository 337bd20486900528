import {expect, test} from 'vitest';
import {mintIceServers} from './mint-ice-servers.ts';

const STUN = {urls: ['stun:a.example']};
const turn = {turnUrls: ['turn:b.example', 'turns:b.example'], turnSecret: 'north'};

test('[SS20] a TURN credential names its end, a day ahead, and is what coturn computes', () => {
  expect(mintIceServers({iceServers: [STUN], ...turn}, 1_700_000_000_999)).toEqual([
    STUN,
    {
      urls: ['turn:b.example', 'turns:b.example'],
      username: '1700086400:weft',
      // printf 1700086400:weft | openssl dgst -sha1 -hmac north -binary | base64
      credential: '82ZxtVLreHoKSJSrxIKGKprQbs8=',
    },
  ]);
});

test('[SS20] without a secret the servers are those of the configuration', () => {
  const config = {iceServers: [STUN], turnUrls: [], turnSecret: null};
  expect(mintIceServers(config, 1)).toEqual([STUN]);
});
