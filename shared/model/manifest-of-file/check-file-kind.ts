import {ModelUnreadableError} from '../model-unreadable-error.ts';
import {ModelUnsupportedError} from '../model-unsupported-error.ts';
import type {GgufFile} from '../gguf/gguf-file.ts';
import {showValue} from '../gguf/metadata-values.ts';

/** Of the block formats of quantised tensors; those before it had other layouts under the same names. */
const QUANTISATION_VERSION = 2;

/**
 * Refuses what is no model by itself: a part of a split file, an adapter, a projector, a
 * list of importances.
 *
 * @throws {ModelUnreadableError} for a part.
 * @throws {ModelUnsupportedError} for the others, by name.
 */
export function checkFileKind({metadata}: GgufFile): void {
  refusePart(metadata['split.no'], metadata['split.count']);
  const kind = metadata['general.type'] ?? 'model';
  if (kind !== 'model') {
    throw new ModelUnsupportedError({
      part: 'file',
      found: [`of the kind ${showValue(kind)}`],
      instead: 'take the file of the model itself',
    });
  }
  const version = metadata['general.quantization_version'] ?? QUANTISATION_VERSION;
  if (version === QUANTISATION_VERSION) return;
  throw new ModelUnsupportedError({
    part: 'metadata',
    found: [`"general.quantization_version" = ${showValue(version)}`],
    instead: `take a file of version ${QUANTISATION_VERSION}`,
  });
}

function refusePart(part: unknown, count: unknown): void {
  if (count === undefined || count === 0 || count === 1) return;
  const which = typeof part === 'number' ? `part ${part + 1}` : 'a part';
  throw new ModelUnreadableError(
    `it is ${which} of ${showValue(count)} of a split file: merge the parts first`,
    {instead: 'llama.cpp does it with "llama-gguf-split --merge"'},
  );
}
