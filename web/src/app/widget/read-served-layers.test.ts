import {once} from 'node:events';
import {createServer} from 'node:http';
import {afterEach, expect, test, vi} from 'vitest';
import catalogJson from '../../../../public/catalog/catalog.json' with {type: 'json'};
import {catalogSchema} from '#shared/model/manifest/catalog.ts';
import {readJson} from './read-json.ts';
import {readOffer} from './read-offer.ts';
import {readServedLayers} from './read-served-layers.ts';

const SERVER = 'https://weft.example/swarm/';
const {signal} = new AbortController();

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A server that answers every request with this value. */
function serverSays(value: unknown): readonly string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: URL) => {
    asked.push(url.href);
    return Response.json(value);
  });
  return asked;
}

test('[WS4] the model of a widget is the first of the catalogue, or the one that is named', async () => {
  const asked = serverSays(catalogJson);
  const {id, manifestHash} = catalogSchema.parse(catalogJson)[0] ?? {id: '', manifestHash: ''};
  const offer = {manifestHash, layerCount: 30};
  expect(await readOffer(SERVER, '', {signal})).toEqual(offer);
  expect(await readOffer(SERVER, id, {signal})).toEqual(offer);
  expect(asked[0]).toBe('https://weft.example/swarm/catalog/catalog.json');
  await expect(readOffer(SERVER, 'other', {signal})).rejects.toMatchObject({
    detail: {code: 'MODEL_UNKNOWN'},
    message: `This site has no model "other": it has ${id}`,
  });
});

test('[WS4] a server that has no model at all is named', async () => {
  serverSays([]);
  await expect(readOffer(SERVER, '', {signal})).rejects.toMatchObject({
    detail: {code: 'MODEL_UNKNOWN'},
    message: 'weft.example has no model: tell whoever runs this site',
  });
});

test('[WS4] a server that takes a request and says nothing does not say', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : '';
  const reading = readJson(new URL(`http://127.0.0.1:${port}/`), {signal, timeoutMs: 1});
  await expect(reading).rejects.toThrow(/timeout/u);
  server.close();
});

const LISTED = {manifestHash: 'a', tabs: 1, joining: 0, layers: [1, 0], chains: 0};

test('[WS4] of the models that a server lists it is the one with this manifest, or nobody is there', async () => {
  const asked = serverSays({models: [{...LISTED, manifestHash: 'b', layers: [9]}, LISTED]});
  expect(await readServedLayers(SERVER, 'a', {signal})).toEqual({layers: [1, 0], chains: 0});
  expect(await readServedLayers(SERVER, 'c', {signal})).toBeNull();
  expect(asked[0]).toBe('https://weft.example/swarm/api/swarm');
});

test.each([
  null,
  {},
  {models: 1},
  {models: [{...LISTED, layers: 1}]},
  {models: [{...LISTED, layers: ['1']}]},
  {models: [{...LISTED, layers: [-1]}]},
  {models: [{...LISTED, chains: 0.5}]},
])('[WS4] %j is a list of a server that does not say', async (value) => {
  serverSays(value);
  await expect(readServedLayers(SERVER, 'a', {signal})).rejects.toThrow(/^The server lists/u);
});
