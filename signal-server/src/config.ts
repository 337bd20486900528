import * as z from 'zod';
import type {NamedServer} from '#shared/protocol/bootstrap.ts';
import type {IceServer} from '#shared/protocol/ice-server.ts';
import {embedOriginsSchema, type EmbedOrigins} from './settings/embed-settings.ts';
import {apiKeyFaults} from './settings/api-key-settings.ts';
import {folderFaults} from './settings/folder-faults.ts';
import {iceServersSchema, MAX_ICE_SERVERS, turnUrlsSchema} from './settings/ice-settings.ts';
import {peersSchema} from './settings/peer-settings.ts';
import {
  readSettings,
  type Environment,
  type SettingFault,
  type ValuesOf,
} from './settings/read-settings.ts';
import {jsonSchema, listSchema, NO_REASON, setting, wholeNumberSchema} from './settings/setting.ts';
import {unknownSettings, type UnknownSetting} from './settings/unknown-settings.ts';
import {proxiesSchema} from './settings/proxy-settings.ts';
import {hostSchema, publicUrlSchema} from './settings/web-settings.ts';
import {ServerError} from './server-error.ts';

const settings = {
  port: setting({
    variable: 'PORT',
    meaning: 'the port; 0 lets the system choose a free one',
    otherwise: 8080,
    schema: wholeNumberSchema(0, 65_535),
    expected: 'a whole number from 0 to 65535',
  }),
  host: setting({
    variable: 'HOST',
    meaning: 'the interface to listen on; 0.0.0.0 for all',
    otherwise: '127.0.0.1',
    schema: hostSchema,
    expected: 'an IP address or a host name, without a port',
  }),
  publicUrl: setting<string | null>({
    variable: 'PUBLIC_URL',
    meaning: 'how browsers reach this server when a proxy is in front of it; ends in a slash',
    otherwise: null,
    schema: publicUrlSchema,
    expected: 'an address such as https://weft.example or https://example.org/weft/',
  }),
  embedOrigins: setting<EmbedOrigins>({
    variable: 'EMBED_ORIGINS',
    meaning: 'the sites whose pages may embed the widget, and show the page in a frame',
    otherwise: '*',
    schema: listSchema(embedOriginsSchema),
    expected: 'origins such as https://blog.example, separated by commas, or * alone for any',
  }),
  apiKeysFile: setting<string | null>({
    variable: 'API_KEYS_FILE',
    meaning: 'the keys with which /v1 may be asked; without it, anybody may',
    otherwise: null,
    schema: z.string(),
    expected: 'a file',
  }),
  modelsDir: setting<string | null>({
    variable: 'MODELS_DIR',
    meaning: 'the folder of GGUF files, served under /models',
    otherwise: null,
    schema: z.string(),
    expected: 'a folder',
  }),
  staticDir: setting({
    variable: 'STATIC_DIR',
    meaning: 'the folder of the built page',
    otherwise: 'dist',
    schema: z.string(),
    expected: 'a folder',
  }),
  keySeedHex: setting<string | null>({
    variable: 'SERVER_KEY_SEED',
    meaning: "32 bytes in hex: keeps the server's peer id across restarts",
    otherwise: null,
    schema: z
      .string()
      .regex(/^[\da-f]{64}$/iu, NO_REASON)
      .toLowerCase(),
    expected: '64 hex digits',
    isSecret: true,
  }),
  keyFile: setting<string | null>({
    variable: 'SERVER_KEY_FILE',
    meaning: "where the server's key is kept when no seed is given; .weft/server-key when not set",
    otherwise: null,
    schema: z.string(),
    expected: 'a file',
  }),
  iceServers: setting<readonly IceServer[]>({
    variable: 'ICE_SERVERS',
    meaning: 'STUN and TURN servers for tabs; none are needed on a local network',
    otherwise: [],
    schema: jsonSchema(iceServersSchema),
    expected: `a JSON array such as [{"urls": "stun:stun.example:3478"}], each turn: with "username" and "credential"`,
    isSecret: true,
  }),
  turnUrls: setting<readonly string[]>({
    variable: 'TURN_URLS',
    meaning:
      'TURN servers that share TURN_SECRET with this one: each tab gets credentials of its own',
    otherwise: [],
    schema: listSchema(turnUrlsSchema),
    expected: 'addresses such as turn:turn.example:3478, separated by commas',
  }),
  turnSecret: setting<string | null>({
    variable: 'TURN_SECRET',
    meaning: "the value of static-auth-secret in coturn's configuration",
    otherwise: null,
    schema: z.string(),
    expected: 'the secret of the TURN servers',
    isSecret: true,
  }),
  peers: setting<readonly NamedServer[]>({
    variable: 'PEERS',
    meaning: 'the other servers of the swarm, which tabs learn of and whose records are trusted',
    otherwise: [],
    schema: listSchema(peersSchema),
    expected:
      'up to 4 servers such as /dns/weft.example/tcp/443/tls/ws/p2p/ID, separated by commas',
  }),
  trustedProxies: setting<readonly string[]>({
    variable: 'TRUSTED_PROXIES',
    meaning: 'proxies whose Forwarded and X-Forwarded-For headers are believed',
    otherwise: [],
    schema: listSchema(proxiesSchema),
    expected: 'addresses and networks such as 127.0.0.1, 10.0.0.0/8, separated by commas',
  }),
  isTest: setting({
    variable: 'TEST_SWARM',
    meaning: 'whether this swarm is a test: stand-ins for engines may serve in it',
    otherwise: false,
    schema: z.stringbool(),
    expected: 'true or false',
  }),
  maxTabs: setting({
    variable: 'MAX_TABS',
    meaning: 'sizes the limits: twice as many connections',
    otherwise: 500,
    schema: wholeNumberSchema(1, 1_000_000),
    expected: 'a whole number from 1 to 1000000',
  }),
};

export type ServerConfig = ValuesOf<typeof settings>;

/** @throws {ServerError} `CONFIG_INVALID`, naming every variable that cannot be read. */
export function parseConfig(env: Environment): ServerConfig {
  const {config, faults} = readConfig(env);
  throwFaults(faults);
  return config;
}

/**
 * As `parseConfig`, and looks for the folders.
 *
 * @throws {ServerError} `CONFIG_INVALID`.
 */
export function parseWholeConfig(env: Environment): ServerConfig {
  const {config, faults} = readConfig(env);
  throwFaults([...faults, ...folderFaults(config), ...apiKeyFaults(config)]);
  return config;
}

/** Every variable, what it means and its default, for `npm start -- --help`. */
export function settingRows(): readonly (readonly [variable: string, meaning: string])[] {
  return Object.values(settings).map(({variable, meaning, otherwise}) => {
    const isSimple = typeof otherwise === 'string' || typeof otherwise === 'number';
    return [variable, isSimple ? `${meaning} (default: ${otherwise})` : meaning];
  });
}

/** Variables without effect: names that are close to a setting. */
export function unknownVariables(env: Environment): readonly UnknownSetting[] {
  const known = Object.values(settings).map(({variable}) => variable);
  return unknownSettings(known, env);
}

function readConfig(env: Environment) {
  const {values, faults} = readSettings(settings, env);
  const config: ServerConfig = Object.freeze(values);
  return {config, faults: [...faults, ...turnFaults(config, faults)]};
}

/** What is wrong with settings that are right one by one. */
function turnFaults(
  config: ServerConfig,
  faults: readonly SettingFault[],
): readonly SettingFault[] {
  const {turnUrls, turnSecret, iceServers} = config;
  if (faults.some(({variable}) => /^(?:TURN|ICE)_/u.test(variable))) return [];
  if (turnUrls.length > 0 && turnSecret === null) {
    return [{variable: 'TURN_SECRET', sentence: 'TURN_SECRET: expected, since TURN_URLS is set'}];
  }
  if (turnUrls.length === 0 && turnSecret !== null) {
    return [{variable: 'TURN_URLS', sentence: 'TURN_URLS: expected, since TURN_SECRET is set'}];
  }
  if (turnUrls.length === 0 || iceServers.length < MAX_ICE_SERVERS) return [];
  const most = MAX_ICE_SERVERS - 1;
  const sentence = `ICE_SERVERS (not shown): expected at most ${most} servers beside TURN_URLS`;
  return [{variable: 'ICE_SERVERS', sentence}];
}

function throwFaults(faults: readonly SettingFault[]): void {
  if (faults.length === 0) return;
  const variables = faults.map(({variable}) => variable);
  const lines = faults.map(({sentence}) => `\n  ${sentence}`).join('');
  throw new ServerError(
    {code: 'CONFIG_INVALID', variables},
    `Cannot start with these settings:${lines}`,
  );
}
