import {afterEach} from 'vitest';
import {errorSchema} from '../response-schemas.ts';
import {scriptedApi, type ScriptedApi} from './scripted-api.ts';

export const CHAT = '/v1/chat/completions';
/** The least that a chat request says. */
export const chat = {model: 'tiny', messages: [{role: 'user', content: 'Hi'}]};

const opened: ScriptedApi[] = [];
afterEach(async () => {
  for (const api of opened.splice(0)) await api.close();
});

/** The API for one test, after which it is closed. */
export async function open(options: Parameters<typeof scriptedApi>[0] = {}): Promise<ScriptedApi> {
  const api = await scriptedApi(options);
  opened.push(api);
  return api;
}

/** Status and body of a response that is an error. */
export async function errorOf(response: Response) {
  const {error} = errorSchema.parse(await response.json());
  return {status: response.status, ...error};
}
