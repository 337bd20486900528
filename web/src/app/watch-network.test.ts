import {expect, test} from 'vitest';
import type {NetworkState} from '../ports/network-service.ts';
import {WatchedNetwork} from './watch-network.ts';

test('[PG39] a link that fails is the server, or the network where the browser says so; a machine without a network may reach itself', () => {
  const events = new EventTarget();
  let isOnline = false;
  const network = new WatchedNetwork({events, isOnline: () => isOnline});
  const states: NetworkState[] = [];
  network.subscribe((state) => states.push(state));
  const turn = (online: boolean): void => {
    isOnline = online;
    events.dispatchEvent(new Event(online ? 'online' : 'offline'));
  };
  network.serverState({kind: 'connecting', lastCause: null});
  expect(states).toEqual(['fine']);
  network.serverState({kind: 'connecting', lastCause: new Error('refused')});
  turn(true);
  turn(false);
  network.serverState({kind: 'connecting', lastCause: null});
  expect(states).toEqual(['fine', 'offline', 'no-server', 'offline', 'fine']);
});
