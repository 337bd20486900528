import * as z from 'zod';
import type {NamedServer} from '#shared/protocol/bootstrap.ts';
import {iceServerSchema, type IceServer} from '#shared/protocol/ice-server.ts';
import {ServerError} from './server-error.ts';

const optionalText = z.string().transform((text) => (text === '' ? null : text));

const iceServersText = z
  .string()
  .transform((text, context): unknown => {
    try {
      return text === '' ? [] : JSON.parse(text);
    } catch {
      context.addIssue('expected a JSON array such as [{"urls": ["stun:stun.example:3478"]}]');
      return z.NEVER;
    }
  })
  .pipe(z.array(iceServerSchema).max(8));

const envSchema = z.object({
  /** 0 lets the system choose a free port. */
  PORT: z
    .string()
    .regex(/^\d+$/u, 'expected a number')
    .transform(Number)
    .pipe(z.int().max(65_535))
    .default(8080),
  /** The interface to listen on; `0.0.0.0` for all. */
  HOST: z.string().min(1).default('127.0.0.1'),
  /** How browsers reach this server when a proxy stands before it, for example `https://weft.example`. */
  PUBLIC_URL: z
    .union([z.literal(''), z.url({protocol: /^https?$/u})])
    .transform((text) => (text === '' ? null : text))
    .default(null),
  /** Folder with GGUF files, served under `/models`. */
  MODELS_DIR: optionalText.default(null),
  /** The built page. */
  STATIC_DIR: z.string().min(1).default('dist'),
  /** 32 bytes, hex: keeps the server's peer id over restarts. */
  SERVER_KEY_SEED: z
    .union([z.literal(''), z.string().regex(/^[0-9a-f]{64}$/u, 'expected 64 hex digits')])
    .transform((text) => (text === '' ? null : text))
    .default(null),
  /** JSON array of STUN and TURN servers that tabs use; none on a local network. */
  ICE_SERVERS: iceServersText.default([]),
  /** Sizes the relay's limits: reservations, connections. */
  MAX_TABS: z
    .string()
    .regex(/^[1-9]\d*$/u, 'expected a positive number')
    .transform(Number)
    .default(500),
});

export type ServerConfig = {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string | null;
  readonly modelsDir: string | null;
  readonly staticDir: string;
  readonly keySeedHex: string | null;
  readonly iceServers: readonly IceServer[];
  readonly peers: readonly NamedServer[];
  readonly maxTabs: number;
};

/** @throws {ServerError} `CONFIG_INVALID`, naming the variable. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): ServerConfig {
  const {data, error} = envSchema.safeParse(env);
  if (error !== undefined) {
    const issue = error.issues[0];
    const variable = String(issue?.path[0] ?? 'environment');
    throw new ServerError(
      {code: 'CONFIG_INVALID', variable},
      `Cannot read ${variable}="${env[variable] ?? ''}": ${issue?.message ?? 'invalid'}`,
    );
  }
  return Object.freeze({
    port: data.PORT,
    host: data.HOST,
    publicUrl: data.PUBLIC_URL,
    modelsDir: data.MODELS_DIR,
    staticDir: data.STATIC_DIR,
    keySeedHex: data.SERVER_KEY_SEED,
    iceServers: data.ICE_SERVERS,
    peers: [],
    maxTabs: data.MAX_TABS,
  });
}
