import type {Stream} from '@libp2p/interface';
import {lpStream} from '@libp2p/utils';
import type * as z from 'zod';

type Options = {readonly signal: AbortSignal};

/** Small JSON messages, length-prefixed, over one libp2p stream. */
export class JsonStream {
  readonly #stream: Stream;
  readonly #messages: ReturnType<typeof lpStream<Stream>>;

  constructor(stream: Stream, limits: {readonly maxMessageBytes: number}) {
    this.#stream = stream;
    this.#messages = lpStream(stream, {maxDataLength: limits.maxMessageBytes});
  }

  /** @throws when the message is too long, no JSON, or breaks `schema`; or the stream ended. */
  async read<T>(schema: z.ZodType<T>, options: Options): Promise<T> {
    const bytes = await this.#messages.read(options);
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray()));
    return schema.parse(body);
  }

  async write(message: unknown, options: Options): Promise<void> {
    await this.#messages.write(new TextEncoder().encode(JSON.stringify(message)), options);
  }

  abort(cause: Error): void {
    this.#stream.abort(cause);
  }
}
