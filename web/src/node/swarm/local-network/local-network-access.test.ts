import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {LocalNetworkAccess, type AskLocalNetwork} from './local-network-access.ts';

const near = {peerId: asPeerId('near'), addresses: ['/ip4/10.0.0.5/tcp/80/ws']};
const here = {peerId: asPeerId('here'), addresses: ['/ip4/127.0.0.1/tcp/80/ws']};
const far = {peerId: asPeerId('far'), addresses: ['/dns/weft.example/tcp/443/tls/ws']};
const SERVERS = [near, here, far];

type States = Readonly<Record<string, PermissionState>>;

function accessFrom(
  pageHost: string,
  {states = {}, ask = null}: {readonly states?: States; readonly ask?: AskLocalNetwork | null},
) {
  const asked: string[] = [];
  const access = new LocalNetworkAccess({
    pageHost,
    queryPermission: (name) => {
      asked.push(name);
      return Promise.resolve(states[name] ?? null);
    },
    ask,
  });
  return {access, asked};
}

const ALL_DENIED: States = {'local-network': 'denied', 'loopback-network': 'denied'};
const ALL_PROMPT: States = {'local-network': 'prompt', 'loopback-network': 'prompt'};

test('[LO2] a page on a local address reaches what is no more private, and asks the browser nothing', async () => {
  const local = accessFrom('127.0.0.1', {states: ALL_DENIED});
  expect(await local.access.reachable(SERVERS)).toEqual(SERVERS);
  await local.access.require('http://127.0.0.1:8080/');
  expect(local.asked).toEqual([]);
  const office = accessFrom('192.168.1.2', {states: ALL_DENIED});
  expect(await office.access.reachable(SERVERS)).toEqual([near, far]);
});

test('[LO2] a browser that knows no such permission reaches everything, and nobody is asked', async () => {
  const {access, asked} = accessFrom('weft.example', {ask: () => Promise.reject(new Error('no'))});
  expect(await access.reachable(SERVERS)).toEqual(SERVERS);
  await access.require('http://10.0.0.5/');
  expect(new Set(asked)).toEqual(
    new Set(['local-network', 'loopback-network', 'local-network-access']),
  );
});

test('[LO2] the permission is known under its older name, too', async () => {
  const {access} = accessFrom('weft.example', {states: {'local-network-access': 'denied'}});
  expect(await access.reachable(SERVERS)).toEqual([far]);
});

test('[LO3] where the browser would ask, the page asks first, once for all, and contacts nobody there before the answer', async () => {
  const answer = Promise.withResolvers<boolean>();
  const questions: (readonly string[])[] = [];
  const {access} = accessFrom('weft.example', {
    states: ALL_PROMPT,
    ask: async (hosts) => {
      questions.push(hosts);
      return answer.promise;
    },
  });
  const allowed = Promise.withResolvers<void>();
  access.onAllowed(allowed.resolve);
  expect(await access.reachable(SERVERS)).toEqual([far]);
  expect(await access.reachable(SERVERS)).toEqual([far]);
  expect(questions).toEqual([['10.0.0.5', '127.0.0.1']]);
  answer.resolve(true);
  await allowed.promise;
  expect(await access.reachable(SERVERS)).toEqual(SERVERS);
});

test('[LO3] whoever answers no is not asked again', async () => {
  let questionCount = 0;
  const {access} = accessFrom('weft.example', {
    states: ALL_PROMPT,
    ask: () => {
      questionCount += 1;
      return Promise.resolve(false);
    },
  });
  for (let round = 0; round < 3; round += 1) {
    expect(await access.reachable(SERVERS)).toEqual([far]);
  }
  expect(questionCount).toBe(1);
});

test('[LO3] a page that explains nothing leaves the question to the browser', async () => {
  const {access} = accessFrom('shop.example', {states: ALL_PROMPT});
  expect(await access.reachable(SERVERS)).toEqual(SERVERS);
  await access.require('http://10.0.0.5/');
});

test('[LO4] what the browser denies is left out of those that can be spared, and named where nothing goes without it', async () => {
  const {access} = accessFrom('weft.example', {states: ALL_DENIED});
  const both = {...far, addresses: [...near.addresses, ...far.addresses]};
  expect(await access.reachable([near, here, both])).toEqual([far]);
  await access.require('https://weft.example/');
  await expect(access.require('http://10.0.0.5:8080/weft/')).rejects.toMatchObject({
    detail: {code: 'LOCAL_NETWORK_DENIED', host: '10.0.0.5'},
    message: expect.stringContaining("in the browser's settings for this site"),
  });
});
