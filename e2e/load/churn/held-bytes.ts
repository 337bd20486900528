import {z} from 'zod';
import type {Tab} from '../../swarm/tab.ts';

/** The parts of V8's heap snapshot that are read here; each node is a run of numbers, one for each field. */
const snapshotSchema = z.object({
  snapshot: z.object({
    meta: z.object({
      node_fields: z.array(z.string()),
      // The first is the list of what `type` counts.
      node_types: z.tuple([z.array(z.string())], z.unknown()),
    }),
  }),
  nodes: z.array(z.number()),
});

/**
 * What a page holds after a collection, the browser's objects too. Without machine code and what compilers note of
 * functions: that grows as long as functions become hot, in a page that keeps nothing.
 */
export async function heldBytes({page}: Tab): Promise<number> {
  const session = await page.context().newCDPSession(page);
  try {
    const chunks: string[] = [];
    session.on('HeapProfiler.addHeapSnapshotChunk', ({chunk}) => void chunks.push(chunk));
    await session.send('HeapProfiler.takeHeapSnapshot');
    return bytesWithoutCode(snapshotSchema.parse(JSON.parse(chunks.join(''))));
  } finally {
    await session.detach();
  }
}

function bytesWithoutCode({snapshot: {meta}, nodes}: z.infer<typeof snapshotSchema>): number {
  const {node_fields: fields, node_types: types} = meta;
  const [typeAt, sizeAt] = [fields.indexOf('type'), fields.indexOf('self_size')];
  const code = types[0].indexOf('code');
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (nodes[at + typeAt] !== code) bytes += nodes[at + sizeAt] ?? 0;
  }
  return bytes;
}
