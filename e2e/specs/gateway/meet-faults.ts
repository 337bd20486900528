import type * as Client from '../../../public/client.d.ts';

type Asked = {
  /** Where the client is. */
  readonly script: string;
  /** Of the server. */
  readonly url: string;
  /** Longer than the context of its model. */
  readonly long: string;
};

/** The codes that `meetFaults` has to find, whichever way it asks. */
export const FAULTS: Readonly<Record<string, string>> = {
  odd: 'INVALID_VALUE',
  nobody: 'SERVER_UNREACHABLE',
  elsewhere: 'NO_WEFT_SERVER',
  unknown: 'MODEL_UNKNOWN',
  long: 'PROMPT_TOO_LONG',
  closed: 'CLOSED',
  again: 'none',
};

/** Has a client meet what may go wrong. It runs in a page too, and knows nothing but what it is given. */
export async function meetFaults({script, url, long}: Asked): Promise<Record<string, unknown>> {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- Its types are beside it.
  const {createWeft}: typeof Client = await import(script);
  const codes: Record<string, unknown> = {};
  const meet = async (
    name: string,
    open: () => Client.Weft,
    {content = 'Hi', maxTokens = 4, isClosed = false} = {},
  ) => {
    try {
      const weft = open();
      // Without a seed an answer of a tiny model may end before it is closed.
      for await (const _ of weft.chat([{role: 'user', content}], {maxTokens, seed: 7})) {
        if (isClosed) weft.close();
      }
      codes[name] = 'none';
    } catch (cause) {
      const detail: unknown = Reflect.get(Object(cause), 'detail');
      codes[name] = Reflect.get(Object(detail), 'code') ?? String(cause);
    }
  };
  const weft = createWeft({server: url});
  await meet('odd', () => Reflect.apply(createWeft, null, [7]));
  await meet('nobody', () => createWeft({server: 'http://127.0.0.1:9/'}));
  await meet('elsewhere', () => createWeft({server: `${url}/nowhere/`}));
  await meet('unknown', () => createWeft({server: url, model: 'nobody-knows'}));
  await meet('long', () => weft, {content: long});
  await meet('closed', () => weft, {maxTokens: 4_000, isClosed: true});
  await meet('again', () => weft);
  weft.close();
  return codes;
}
