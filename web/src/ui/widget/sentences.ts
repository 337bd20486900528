import type {WidgetServices} from '../../ports/widget-services.ts';
import {fill} from '../chat/strings/fill.ts';
import {formatLayerList} from '../format/format-layers.ts';
import type {SwarmState} from './swarm-state.ts';
import type {ENGLISH_WIDGET} from './widget-strings.ts';

type Servers = Pick<WidgetServices, 'serverUrl' | 'fallbackHost'>;
type Strings = {readonly lang: string; get(what: keyof typeof ENGLISH_WIDGET): string};

/** What a person is to know before asking; empty when nothing is in the way. */
export function stateSentence(
  {state, missing}: SwarmState,
  servers: Servers,
  say: Strings,
): string {
  if (state === 'ready') return '';
  const names = namesOf(servers);
  if (state === 'offline') {
    return fill(say.get(servers.fallbackHost === null ? 'offline' : 'offlineFallback'), names);
  }
  if (servers.fallbackHost !== null) return fill(say.get('shortFallback'), names);
  if (missing.length === 0) return say.get('shortAnyhow');
  const layers = missing.map(([startLayer, endLayer]) => ({startLayer, endLayer}));
  return fill(say.get('short'), {layers: formatLayerList(layers, say.lang)});
}

/** The machines that compute an answer, and that could read what is asked. */
export function trustSentences(servers: Servers, say: Strings): string {
  const names = namesOf(servers);
  const trust = fill(say.get('trust'), names);
  return servers.fallbackHost === null
    ? trust
    : `${trust} ${fill(say.get('trustFallback'), names)}`;
}

function namesOf({serverUrl, fallbackHost}: Servers): Readonly<Record<string, string>> {
  return {server: new URL(serverUrl).host, fallback: fallbackHost ?? ''};
}
