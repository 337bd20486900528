import {gzipSync} from 'node:zlib';
import {expect, test} from 'vitest';
import {downloadRange} from './download-range.ts';
import {PATIENCE, type Patience} from './patience.ts';
import {
  broken,
  FILE,
  honest,
  serveScript,
  silent,
  status,
  type Answer,
} from './testing/scripted-server.ts';

/** Pauses of no length; no server of these tests is slow by intention. */
const EAGER: Patience = {...PATIENCE, firstPauseMs: 0, stallMs: 60_000};
/** For servers that are. */
const IMPATIENT: Patience = {...EAGER, stallMs: 40, quietMs: 100};
const START = 100;
const END = 10_100;

async function download(url: string, patience: Patience, signal = new AbortController().signal) {
  let counted = 0;
  const bytes = await downloadRange({
    url,
    startByte: START,
    endByte: END,
    onBytes: (count) => (counted += count),
    signal,
    patience,
  });
  return {bytes, counted};
}

const failing = (detail: object): unknown =>
  expect.objectContaining({detail: expect.objectContaining({code: 'DOWNLOAD_FAILED', ...detail})});

/** Says how much comes, sends less of it, and breaks the connection. */
const cutAfter =
  (byteCount: number): Answer =>
  ({start, end}, response) => {
    response.writeHead(206, {
      'content-range': `bytes ${start}-${end}/${FILE.length}`,
      'content-length': end + 1 - start,
    });
    response.write(FILE.subarray(start, start + byteCount), () => response.destroy());
  };

test.each<[string, Answer]>([
  ['a connection that is reset', broken],
  ['503', status(503)],
  ['429 that says when to come back', status(429, {'retry-after': '0'})],
  ['408', status(408)],
])('[DN1] tried again, and what comes is right: %s', async (_, answer) => {
  const {url, ranges} = await serveScript(answer, honest);
  const {bytes, counted} = await download(url, EAGER);
  expect(bytes).toEqual(FILE.slice(START, END));
  expect(counted).toBe(END - START);
  expect(ranges).toHaveLength(2);
});

test('[DN2] a line that is cut again and again goes on at the byte that it reached, and no byte counts twice', async () => {
  const {url, ranges} = await serveScript(cutAfter(1_000), cutAfter(5_000), cutAfter(1), honest);
  const {bytes, counted} = await download(url, EAGER);
  expect(bytes).toEqual(FILE.slice(START, END));
  expect(counted).toBe(END - START);
  const starts = ranges.map((range) => Number(/=(\d+)-/u.exec(range)?.[1]));
  // How much of a cut answer arrives is the network's affair.
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  expect(starts.at(-1)).toBeGreaterThan(START);
});

const short: Answer = ({start}, response) => {
  response.writeHead(206).end(FILE.subarray(start, start + 700));
};

test('[DN2] a part that ends early without a word goes on too', async () => {
  const {url, ranges} = await serveScript(short, honest);
  expect((await download(url, EAGER)).bytes).toEqual(FILE.slice(START, END));
  expect(ranges).toEqual(['bytes=100-10099', 'bytes=800-10099']);
});

const allThenSilence: Answer = ({start, end}, response) => {
  response.writeHead(206).write(FILE.subarray(start, end + 1));
};

test('[DN2] a part all of whose bytes came is done, and nothing is asked for again, though the line stays open', async () => {
  const {url, ranges} = await serveScript(allThenSilence);
  expect((await download(url, IMPATIENT)).bytes).toEqual(FILE.slice(START, END));
  expect(ranges).toEqual(['bytes=100-10099']);
});

const partThenSilence: Answer = ({start, end}, response) => {
  response.writeHead(206, {'content-length': end + 1 - start});
  response.write(FILE.subarray(start, start + 50));
};
const drip: Answer = ({start, end}, response) => {
  response.writeHead(206, {'content-length': end + 1 - start});
  let at = start;
  const timer = setInterval(() => {
    response.write(FILE.subarray(at, at + 1));
    at += 1;
  }, 5);
  response.on('close', () => {
    clearInterval(timer);
  });
};

test.each<[string, Answer]>([
  ['never answers', silent],
  ['stops in the body', partThenSilence],
  ['drips', drip],
])('[DN3] a server that %s is given up with a sentence', async (_, answer) => {
  const {url, ranges} = await serveScript(answer);
  const downloading = download(url, IMPATIENT);
  await expect(downloading).rejects.toThrow(failing({fault: 'stalled', url}));
  await expect(downloading).rejects.toThrow(
    /^Cannot download "http.*": (?:nothing came for|only \d+ bytes came in) 0 s, \d times; check the network, then try again$/u,
  );
  expect(ranges.length).toBeGreaterThan(1);
});

test('[DN3] so is one that refuses every connection, and one that stays busy', async () => {
  const hostile = await serveScript(broken);
  const patience = {...EAGER, firstPauseMs: 1, quietMs: 20};
  await expect(download(hostile.url, patience)).rejects.toThrow(
    failing({fault: 'no-connection', status: null}),
  );
  const busy = await serveScript(status(503, {'retry-after': '3600'}));
  await expect(
    download(busy.url, {...EAGER, mostAskedPauseMs: 1, mostAskedPauses: 2}),
  ).rejects.toThrow(/the server answered 503, 3 times; try again in a few minutes$/u);
});

test.each<[string, Answer, string, RegExp]>([
  ['404', status(404), 'refused', /answered 404 \(it is not there\); tell whoever runs/u],
  ['403', status(403), 'refused', /answered 403 \(it forbids it\)/u],
  ['416', status(416), 'refused', /answered 416 \(the file there is shorter\)/u],
  [
    'a login page',
    (_, response) => response.writeHead(200, {'content-type': 'text/html'}).end('<html>'),
    'login-page',
    /a login page answers instead; log in to this network, then try again$/u,
  ],
  ['511', status(511), 'login-page', /a login page answers instead/u],
  [
    'several parts',
    (_, response) =>
      response.writeHead(206, {'content-type': 'multipart/byteranges; boundary=x'}).end('--x'),
    'wrong-bytes',
    /answered in several parts/u,
  ],
  [
    'another part',
    (_, response) =>
      response.writeHead(206, {'content-range': 'bytes 0-9/20000'}).end('0123456789'),
    'wrong-bytes',
    /answered with "bytes 0-9/u,
  ],
  [
    'more than a part',
    (_, response) => response.writeHead(206).end(FILE),
    'wrong-bytes',
    /more than the 10000 bytes that were asked for came/u,
  ],
])('[DN4] refused at once, with what to do: %s', async (_, answer, fault, sentence) => {
  const {url, ranges} = await serveScript(answer);
  const downloading = download(url, EAGER);
  await expect(downloading).rejects.toThrow(failing({fault}));
  await expect(downloading).rejects.toThrow(sentence);
  expect(ranges).toHaveLength(1);
});

const whole: Answer = (_, response) => response.writeHead(200).end(FILE);

test('[DN5] a server that ignores ranges is used where little lies in front, and refused elsewhere', async () => {
  const {url} = await serveScript(whole);
  expect(await download(url, EAGER)).toEqual({bytes: FILE.slice(START, END), counted: END - START});
  const far = downloadRange({
    url,
    startByte: 2_000_000,
    endByte: 2_000_100,
    onBytes: () => undefined,
    signal: new AbortController().signal,
  });
  await expect(far).rejects.toThrow(failing({fault: 'no-ranges', status: 200}));
});

const gzip: Answer = ({start, end}, response) => {
  response.writeHead(206, {'content-encoding': 'gzip'}).end(gzipSync(FILE.slice(start, end + 1)));
};

test('[DN5] a proxy that compresses, and one that sends elsewhere, change nothing', async () => {
  const {url: elsewhere} = await serveScript(honest);
  for (const answer of [gzip, status(302, {location: elsewhere})]) {
    const {url} = await serveScript(answer);
    expect((await download(url, EAGER)).bytes).toEqual(FILE.slice(START, END));
  }
});

test('[DN6] aborting ends a download at once, also in a pause', async () => {
  const inPause = new AbortController();
  const {url} = await serveScript((_, response) => {
    response.writeHead(503).end();
    setTimeout(() => {
      inPause.abort(new Error('no longer wanted'));
    }, 20);
  });
  const patience = {...EAGER, firstPauseMs: 3_600_000, mostPauseMs: 3_600_000, quietMs: Infinity};
  await expect(download(url, patience, inPause.signal)).rejects.toThrow('no longer wanted');
  const inBody = new AbortController();
  const stopping = await serveScript((asked, response) => {
    partThenSilence(asked, response);
    inBody.abort(new Error('stopped'));
  });
  await expect(download(stopping.url, EAGER, inBody.signal)).rejects.toThrow('stopped');
});
