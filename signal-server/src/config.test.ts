import {expect, test} from 'vitest';
import {parseConfig} from './config.ts';

test('[SC1] everything has a default', () => {
  expect(parseConfig({})).toEqual({
    port: 8080,
    host: '127.0.0.1',
    publicUrl: null,
    modelsDir: null,
    staticDir: 'dist',
    keySeedHex: null,
    iceServers: [],
    peers: [],
    maxTabs: 500,
  });
});

test('[SC1] reads what is said, and takes the empty text for nothing', () => {
  const config = parseConfig({
    PORT: '0',
    PUBLIC_URL: 'https://weft.example',
    MODELS_DIR: '',
    SERVER_KEY_SEED: '0a'.repeat(32),
    ICE_SERVERS: '[{"urls": ["stun:a.example"]}]',
  });
  expect(config).toMatchObject({
    port: 0,
    publicUrl: 'https://weft.example',
    modelsDir: null,
    keySeedHex: '0a'.repeat(32),
    iceServers: [{urls: ['stun:a.example']}],
  });
});

test.each([
  ['PORT', 'eighty'],
  ['PORT', '70000'],
  ['PUBLIC_URL', 'weft.example'],
  ['SERVER_KEY_SEED', 'abc'],
  ['MAX_TABS', '0'],
  ['ICE_SERVERS', 'stun:a.example'],
])('[SC2] names %s when it is "%s"', (variable, value) => {
  expect(() => parseConfig({[variable]: value})).toThrow(
    expect.objectContaining({
      detail: {code: 'CONFIG_INVALID', variable},
      message: expect.stringContaining(`${variable}="${value}"`),
    }),
  );
});
