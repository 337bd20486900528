import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {parseConfig, parseWholeConfig, unknownVariables} from './config.ts';

const ONE = '12D3KooWHUCYYXCuPUTA2gw4Z7Zh3y5GX8DNxwmsvxZqAkCSLBvB';
const OTHER = '12D3KooWLKA1iNsUx5UqeFdbpRMdhfrCa6D1j2QDhbxcnJ2pdtgK';

const read = (env: Record<string, string>) => () => parseWholeConfig(env);

const messageOf = (env: Record<string, string>): string => {
  try {
    parseConfig(env);
    return '';
  } catch (error) {
    return String(error);
  }
};

test('[SC1] everything has a default, and an empty or blank value counts as not set', () => {
  const defaults = {
    port: 8080,
    host: '127.0.0.1',
    publicUrl: null,
    embedOrigins: '*',
    modelsDir: null,
    staticDir: 'dist',
    keySeedHex: null,
    keyFile: null,
    iceServers: [],
    turnUrls: [],
    turnSecret: null,
    peers: [],
    trustedProxies: [],
    isTest: false,
    maxTabs: 500,
  };
  expect(parseConfig({})).toMatchObject(defaults);
  const variables = ['PORT', 'HOST', 'PUBLIC_URL', 'MODELS_DIR', 'STATIC_DIR', 'SERVER_KEY_SEED'];
  const others = [
    'EMBED_ORIGINS',
    'ICE_SERVERS',
    'TURN_URLS',
    'TURN_SECRET',
    'PEERS',
    'TRUSTED_PROXIES',
    'TEST_SWARM',
    'MAX_TABS',
  ];
  for (const nothing of ['', '  ']) {
    const env = Object.fromEntries([...variables, ...others].map((name) => [name, nothing]));
    expect(parseConfig(env)).toMatchObject(defaults);
  }
});

test('[SC1] reads what is set', () => {
  const config = parseConfig({
    PORT: ' 0 ',
    HOST: '[::1]',
    PUBLIC_URL: 'https://weft.example/a/b',
    EMBED_ORIGINS: 'https://Blog.Example:443/, http://[::1]:3000',
    SERVER_KEY_SEED: '0A'.repeat(32),
    MAX_TABS: '7',
  });
  expect(config).toMatchObject({
    port: 0,
    host: '::1',
    publicUrl: 'https://weft.example/a/b/',
    embedOrigins: ['https://blog.example', 'http://[::1]:3000'],
    keySeedHex: '0a'.repeat(32),
    maxTabs: 7,
  });
});

test.each([
  ['PORT', 'eighty'],
  ['PORT', '70000'],
  ['PORT', '-1'],
  ['HOST', 'http://127.0.0.1'],
  ['HOST', '127.0.0.1:80'],
  ['HOST', '1.2.3'],
  ['PUBLIC_URL', 'weft.example'],
  ['PUBLIC_URL', 'ftp://weft.example'],
  ['PUBLIC_URL', 'https://weft.example/?a=b'],
  ['PUBLIC_URL', 'https://weft.example/#a'],
  ['PUBLIC_URL', 'https://weft.example//weft'],
  ['EMBED_ORIGINS', 'blog.example'],
  ['EMBED_ORIGINS', 'ftp://blog.example'],
  ['EMBED_ORIGINS', 'https://blog.example/weft'],
  ['EMBED_ORIGINS', 'https://blog.example/?a=b'],
  ['EMBED_ORIGINS', 'https://*.blog.example'],
  ['EMBED_ORIGINS', "https://a;script-src'self'"],
  ['EMBED_ORIGINS', 'null'],
  ['EMBED_ORIGINS', '*, https://blog.example'],
  ['MAX_TABS', '0'],
  ['MAX_TABS', '1e9'],
  ['TURN_URLS', 'stun:turn.example'],
  ['PEERS', '/dns/weft.example/tcp/443/tls/ws'],
  ['PEERS', `/dns/weft.example/tcp/443/p2p/${ONE}`],
  ['PEERS', '/dns/weft.example/tcp/443/tls/ws/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'],
  ['PEERS', 'https://weft.example'],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ['TRUSTED_PROXIES', 'proxy.example'],
])('[SC2] names %s when it is "%s"', (variable, value) => {
  expect(() => parseConfig({[variable]: value, TURN_SECRET: 'x'})).toThrow(
    expect.objectContaining({
      detail: expect.objectContaining({
        code: 'CONFIG_INVALID',
        variables: expect.arrayContaining([variable]),
      }),
      message: expect.stringMatching(/=".*expected /u),
    }),
  );
  expect(messageOf({[variable]: value})).toContain(`${variable}="${value}"`);
});

test('[SC2] says which origin of a list is wrong, and why', () => {
  expect(messageOf({EMBED_ORIGINS: 'https://a.example, b.example'})).toContain(
    'entry 2 is not an origin; expected origins such as https://blog.example',
  );
  expect(messageOf({EMBED_ORIGINS: 'https://a.example/b'})).toContain('has a part after the host');
  const many = Array.from({length: 51}, (_, index) => `https://s${index}.example`);
  expect(messageOf({EMBED_ORIGINS: many.join()})).toContain('names more than 50 origins');
});

test('[SC3] names all that cannot be read at once', () => {
  const env = {PORT: 'x', MAX_TABS: '-1', PUBLIC_URL: 'y', ICE_SERVERS: '{'};
  expect(() => parseConfig(env)).toThrow(
    expect.objectContaining({
      detail: {
        code: 'CONFIG_INVALID',
        variables: ['PORT', 'PUBLIC_URL', 'ICE_SERVERS', 'MAX_TABS'],
      },
    }),
  );
});

test.each([
  [{SERVER_KEY_SEED: 'hush-hush'}],
  [{TURN_URLS: 'turn:a.example', TURN_SECRET: 'hush-hush', ICE_SERVERS: 'hush-hush'}],
  [{ICE_SERVERS: '[{"urls":"turn:a","username":"hush-hush","credential":7}]'}],
  [{PUBLIC_URL: 'https://me:hush-hush@weft.example'}],
  [{TURN_URLS: 'turn:u:hush@turn.example'}],
  [{PUBLIC_URL: 'u:hush@a.example'}],
  [{PUBLIC_URL: 'https://u:hush/hush@a.example'}],
])('[SC4] never prints a secret: %o', (env: Record<string, string>) => {
  const message = messageOf(env);
  expect(message).toContain(`${Object.keys(env).at(-1)}`);
  expect(message).not.toContain('hush');
});

test('[SC5] reads ICE servers as a browser writes them', () => {
  const iceServers = [
    {urls: 'stun:a.example'},
    {urls: ['stuns:a.example:5349', 'stun:[::1]:3478']},
    {urls: 'turn:b.example:3478?transport=tcp', username: 'u', credential: 'c'},
  ];
  expect(parseConfig({ICE_SERVERS: JSON.stringify(iceServers)}).iceServers).toEqual([
    {urls: ['stun:a.example']},
    {urls: ['stuns:a.example:5349', 'stun:[::1]:3478']},
    {urls: ['turn:b.example:3478?transport=tcp'], username: 'u', credential: 'c'},
  ]);
});

const NINE = Array.from({length: 9}, (_, index) => ({urls: `stun:s${index}.example`}));

test.each([
  ['127.0.0.1:3478', 'not JSON'],
  ['{"urls": "stun:a"}', 'not an array'],
  ['[{"urls": "127.0.0.1:3478"}]', 'entry 1, "urls", entry 1 is not of the form'],
  ['[{"urls": "http://a.example"}]', 'not of the form'],
  ['[{"urls": "stun://a.example"}]', 'not of the form'],
  ['[{"urls": "stun:a.example:99999"}]', 'port'],
  ['[{"urls": "stun:a.example:0"}]', 'port'],
  ['[{"urls": "turn:a.example"}]', '"username" and "credential"'],
  ['[{"urls": "turn:a.example", "username": "u"}]', '"username" and "credential"'],
  ['[{"urls": "stun:a.example"}, {}]', 'entry 2, "urls"'],
  [JSON.stringify(NINE), 'more than 8'],
  [
    JSON.stringify([{urls: NINE.map(({urls}) => urls)}]),
    'entry 1, "urls" names more than 8 addresses',
  ],
  ['[{"urls": []}]', 'entry 1, "urls" names no address'],
])('[SC5] refuses ICE servers on which a tab would throw: %s', (text, why) => {
  expect(messageOf({ICE_SERVERS: text})).toContain(why);
});

test.each([
  [{TEST_SWARM: 'maybe'}, 'TEST_SWARM="maybe": expected true or false'],
  [{ICE_SERVERS: '[7]'}, 'ICE_SERVERS (not shown): entry 1; expected a JSON array'],
  [{ICE_SERVERS: '[{"urls": [7]}]'}, 'entry 1, "urls", entry 1; expected a JSON array'],
])('[SC2] no word of a schema is in the sentence about %o', (env, sentence) => {
  expect(messageOf(env)).toContain(sentence);
  expect(messageOf(env)).not.toMatch(/invalid|received|option/iu);
});

test('[SC5] TURN_URLS and TURN_SECRET come together, and leave room for each other', () => {
  expect(messageOf({TURN_URLS: 'turn:a.example'})).toContain('TURN_SECRET');
  expect(messageOf({TURN_SECRET: 'hush'})).toContain('TURN_URLS');
  const turn = {TURN_URLS: 'turn:a.example, turns:a.example', TURN_SECRET: 'hush'};
  expect(parseConfig(turn).turnUrls).toEqual(['turn:a.example', 'turns:a.example']);
  const full = JSON.stringify(NINE.slice(1));
  expect(parseConfig({ICE_SERVERS: full}).iceServers).toHaveLength(8);
  expect(messageOf({...turn, ICE_SERVERS: full})).toContain('at most 7');
});

test('[SC6] other servers are read with all their addresses', () => {
  const addresses = [
    `/dns/weft.example/tcp/443/tls/ws/p2p/${ONE}`,
    `/ip4/127.0.0.1/tcp/8080/ws/p2p/${OTHER}`,
    `/dns/b.example/tcp/443/wss/http-path/weft%2F/p2p/${ONE}`,
  ] as const;
  expect(parseConfig({PEERS: addresses.join(', ')}).peers).toEqual([
    {peerId: ONE, addresses: [addresses[0], addresses[2]]},
    {peerId: OTHER, addresses: [addresses[1]]},
  ]);
});

test.each([
  ['MAX_TAB', 'MAX_TABS'],
  ['MODEL_DIR', 'MODELS_DIR'],
  ['ICE_SERVER_URLS', 'ICE_SERVERS'],
  ['PUBLIC_URI', 'PUBLIC_URL'],
  ['WEFT_PORT', 'PORT'],
  ['max_tabs', 'MAX_TABS'],
  ['PRT', 'PORT'],
  ['SERVER_KEY_SED', 'SERVER_KEY_SEED'],
  ['TURN_CREDENTIALS', ''],
])('[SC7] says that %s is no setting', (variable, meant) => {
  const [unknown, ...others] = unknownVariables({[variable]: 'x', PORT: '1'});
  expect(unknown?.variable).toBe(variable);
  expect(unknown?.sentence).toContain(meant === '' ? 'known are PORT' : `did you mean ${meant}?`);
  expect(others).toEqual([]);
});

test('[SC7] what belongs to others is not spoken of', () => {
  const env = {HOME: 'x', HOSTNAME: 'x', PATH: 'x', WEFT_MODEL: 'x', MAX_TAB: '', TERM: 'x'};
  expect(unknownVariables({...env, PUBLIC_KEY: 'x', npm_config_port: 'x'})).toEqual([]);
});

test('[SC8] folders that are not there are named beside all else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-config-'));
  const file = join(folder, 'file');
  await writeFile(file, '');
  expect(read({STATIC_DIR: folder, MODELS_DIR: folder})).toThrow(/STATIC_DIR.*no index\.html/u);
  await writeFile(join(folder, 'index.html'), '');
  expect(read({STATIC_DIR: folder, MODELS_DIR: folder})).not.toThrow();
  const wrong = read({STATIC_DIR: join(folder, 'none'), MODELS_DIR: file, PORT: 'x'});
  expect(wrong).toThrow(/PORT.*\n.*MODELS_DIR.* it is no folder.*\n.*STATIC_DIR.* no such folder/u);
  expect(read({STATIC_DIR: join(file, 'below')})).toThrow('STATIC_DIR');
  await rm(folder, {recursive: true});
});
