import type {Context, Handler} from 'hono';
import {getMimeType, mimes} from 'hono/utils/mime';
import {readRangeHeader, type ByteRange} from './byte-range.ts';
import {findFile, type FoundFile} from './find-file.ts';
import {findPacked} from './find-packed.ts';
import {streamFile} from './stream-file.ts';
import {tagByTime} from './tag-by-time.ts';

type File = Extract<FoundFile, {kind: 'file'}>;

/** Elsewhere, a name that ends in "ts" is that of a film. */
const TYPES = {...mimes, ts: 'text/plain; charset=utf-8'};

/**
 * Files of a folder by GET and HEAD: whole or by byte range, with an entity
 * tag. Sources: RFC 9110, sections 13 and 14.
 *
 * @param options.mountedAt what the path of a request has before the path in the folder.
 * @param options.isPacked whether smaller forms of files lie beside them, for clients that take those.
 * @param options.tagOf the entity tag of a file, `null` while it is being written; by default, of its size and time.
 */
export function serveFolder(options: {
  readonly folder: string;
  readonly mountedAt: string;
  readonly isPacked: boolean;
  readonly tagOf?: (file: File) => Promise<string | null>;
}): Handler {
  const {tagOf = async (file) => tagByTime(file)} = options;
  return async (context) => {
    const {method, path} = context.req;
    if (method !== 'GET' && method !== 'HEAD') {
      return context.text('405 Method Not Allowed', 405, {Allow: 'GET, HEAD'});
    }
    const found = await findFile(options.folder, path.slice(options.mountedAt.length));
    switch (found.kind) {
      case 'none':
        return context.notFound();
      case 'malformed':
        return context.text('400 Bad Request', 400);
      case 'file': {
        const form = await formFor(context, found, options.isPacked);
        const tag = await tagOf(form.file);
        if (tag === null) {
          return context.text('503 Service Unavailable', 503, {'Retry-After': '1'});
        }
        return answer(context, form.file, headersOf(found, form, tag));
      }
    }
  };
}

type Form = {readonly file: File; readonly headers: Readonly<Record<string, string>>};

async function formFor({req}: Context, file: File, isPacked: boolean): Promise<Form> {
  if (!isPacked) return {file, headers: {}};
  const headers = {Vary: 'Accept-Encoding'};
  const packed = await findPacked(file, req.header('Accept-Encoding') ?? '');
  if (packed === null) return {file, headers};
  return {file: packed.file, headers: {...headers, 'Content-Encoding': packed.encoding}};
}

function answer(context: Context, file: File, headers: Headers): Response {
  if (isKnown(context, headers)) return new Response(null, {status: 304, headers});
  const asked = readRangeHeader(usableRange(context, headers), file.totalBytes);
  switch (asked.kind) {
    case 'unsatisfiable':
      headers.set('Content-Range', `bytes */${file.totalBytes}`);
      return new Response(null, {status: 416, headers});
    case 'part': {
      const {startByte, endByte} = asked.range;
      headers.set('Content-Range', `bytes ${startByte}-${endByte - 1}/${file.totalBytes}`);
      return send(file, {status: 206, headers, range: asked.range});
    }
    case 'whole':
      return send(file, {status: 200, headers, range: {startByte: 0, endByte: file.totalBytes}});
  }
}

function send(
  file: File,
  answered: {readonly status: number; readonly headers: Headers; readonly range: ByteRange},
): Response {
  const {status, headers, range} = answered;
  const lengthBytes = range.endByte - range.startByte;
  headers.set('Content-Length', String(lengthBytes));
  return new Response(lengthBytes === 0 ? null : streamFile(file.path, range), {status, headers});
}

/** @param found what the bytes are once they are unpacked. */
function headersOf(found: File, {file, headers}: Form, tag: string): Headers {
  return new Headers({
    ...headers,
    'Accept-Ranges': 'bytes',
    'Content-Type': getMimeType(found.path, TYPES) ?? 'application/octet-stream',
    ETag: tag,
    'Last-Modified': new Date(Number(file.modifiedNs / 1_000_000n)).toUTCString(),
  });
}

/** Whether the client has this very file. A tag, if there is one, outweighs the time. */
function isKnown({req}: Context, headers: Headers): boolean {
  const tags = req.header('If-None-Match');
  if (tags !== undefined) {
    const own = headers.get('ETag');
    return (
      tags.trim() === '*' || tags.split(',').some((tag) => tag.trim().replace(/^W\//u, '') === own)
    );
  }
  const since = Date.parse(req.header('If-Modified-Since') ?? '');
  return Date.parse(headers.get('Last-Modified') ?? '') <= since;
}

/** Ranges are for GET, and with `If-Range` only for the file that the client knows. */
function usableRange({req}: Context, headers: Headers): string | undefined {
  const known = req.header('If-Range');
  const isSame =
    known === undefined || known === headers.get('ETag') || known === headers.get('Last-Modified');
  return req.method === 'GET' && isSame ? req.header('Range') : undefined;
}
