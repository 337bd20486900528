/** Half-open, in bytes of the file. */
export type ByteRange = {readonly startByte: number; readonly endByte: number};

type Asked =
  | {readonly kind: 'whole'}
  | {readonly kind: 'part'; readonly range: ByteRange}
  | {readonly kind: 'unsatisfiable'};

const WHOLE: Asked = {kind: 'whole'};
const BYTES_UNIT = /^bytes=/iu;
const RANGE = /^(?<first>\d+)-(?<last>\d*)$|^-(?<suffix>\d+)$/u;

/**
 * What a `Range` header asks for. A header of another unit, or with a syntax
 * error anywhere, asks for nothing; so do several ranges apart from each other,
 * which a server need not answer one by one. Source: RFC 9110, section 14.
 */
export function readRangeHeader(header: string | undefined, totalBytes: number): Asked {
  if (header === undefined || !BYTES_UNIT.test(header)) return WHOLE;
  const specs = header
    .slice('bytes='.length)
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
  const ranges = specs.map((spec) => readSpec(spec, totalBytes));
  if (ranges.length === 0 || ranges.includes('invalid')) return WHOLE;
  const [first, ...others] = ranges.filter((range) => typeof range === 'object');
  if (first === undefined) return {kind: 'unsatisfiable'};
  return others.length === 0 ? {kind: 'part', range: first} : WHOLE;
}

function readSpec(spec: string, totalBytes: number): ByteRange | 'invalid' | 'unsatisfiable' {
  const {first, last, suffix} = RANGE.exec(spec)?.groups ?? {};
  if (suffix !== undefined) {
    const startByte = Math.max(0, totalBytes - Number(suffix));
    return startByte < totalBytes ? {startByte, endByte: totalBytes} : 'unsatisfiable';
  }
  if (first === undefined) return 'invalid';
  const startByte = Number(first);
  const endByte = last === undefined || last === '' ? totalBytes : Number(last) + 1;
  if (endByte <= startByte && last !== '') return 'invalid';
  if (startByte >= totalBytes) return 'unsatisfiable';
  return {startByte, endByte: Math.min(endByte, totalBytes)};
}
