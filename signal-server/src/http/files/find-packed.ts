import {parseAccept} from 'hono/utils/accept';
import {statFile, type FoundFile} from './find-file.ts';

type File = Extract<FoundFile, {kind: 'file'}>;

/** Smaller forms of a file lie beside it, under its name and these endings. */
const PACKINGS = [
  {encoding: 'br', ending: '.br'},
  {encoding: 'gzip', ending: '.gz'},
] as const;

/**
 * The packed form of a file that a client takes most gladly, the smaller one
 * where it takes both alike; `null` where that is the file itself. Source:
 * RFC 9110, section 12.5.3.
 */
export async function findPacked(
  {path}: File,
  acceptEncoding: string,
): Promise<{readonly file: File; readonly encoding: string} | null> {
  const weights = new Map(
    parseAccept(acceptEncoding).map(({type, q}) => [type.toLowerCase(), q] as const),
  );
  const weightOf = (encoding: string): number => weights.get(encoding) ?? weights.get('*') ?? 0;
  const wanted = PACKINGS.filter(({encoding}) => weightOf(encoding) > 0).toSorted(
    (one, other) => weightOf(other.encoding) - weightOf(one.encoding),
  );
  for (const {encoding, ending} of wanted) {
    const file = await statFile(`${path}${ending}`);
    if (file.kind === 'file') return {file, encoding};
  }
  return null;
}
