import {WeftError} from '#shared/base/errors.ts';
import type {CatalogEntry} from '#shared/model/manifest/catalog.ts';
import {readJson} from './read-json.ts';

/** What a widget shows of a model before anybody asks it. */
export type Offer = {
  readonly manifestHash: string;
  /** 0 where the catalogue does not say. */
  readonly layerCount: number;
};

/**
 * The model of a widget by the catalogue of its server. Whoever asks reads the catalogue again,
 * by its schema: this is for what is shown before, without the size of a library for schemas.
 *
 * @param modelId empty: the first entry.
 * @throws {WeftError} `MODEL_UNKNOWN`; {Error} when the server does not say.
 */
export async function readOffer(
  serverUrl: string,
  modelId: string,
  options: {readonly signal: AbortSignal},
): Promise<Offer> {
  const catalog = await readJson(new URL('catalog/catalog.json', serverUrl), options);
  const entries = Array.isArray(catalog) ? catalog.filter(isEntry) : [];
  const entry = modelId === '' ? entries[0] : entries.find(({id}) => id === modelId);
  if (entry !== undefined) {
    return {manifestHash: entry.manifestHash, layerCount: entry.layerCount ?? 0};
  }
  const ids = entries.map(({id}) => id).join(', ');
  throw new WeftError(
    {code: 'MODEL_UNKNOWN'},
    ids === ''
      ? `${new URL(serverUrl).host} has no model: tell whoever runs this site`
      : `This site has no model "${modelId}": it has ${ids}`,
  );
}

type Entry = Readonly<Record<keyof Pick<CatalogEntry, 'id' | 'manifestHash'>, string>> &
  Pick<CatalogEntry, 'layerCount'>;

function isEntry(value: unknown): value is Entry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    'manifestHash' in value &&
    typeof value.manifestHash === 'string' &&
    (!('layerCount' in value) || Number.isSafeInteger(value.layerCount))
  );
}
