/// <reference types="node" />

import {writeFile} from 'node:fs/promises';
import {crc32, deflateRawSync} from 'node:zlib';

/** Writes a small zip with deflated entries, as wheels are. Format: APPNOTE.TXT, 4.3. */
export async function writeZip(
  path: string,
  entries: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offsetBytes = 0;
  for (const [name, content] of Object.entries(entries)) {
    const packed = deflateRawSync(content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(packed.byteLength, 14);
    fields.writeUInt32LE(content.byteLength, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed]);
    locals.push(local);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offsetBytes, 10);
    const versionMadeBy = Buffer.from([20, 0]);
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), versionMadeBy, fields, rest, Buffer.from(name)]),
    );
    offsetBytes += local.byteLength;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).byteLength, 8);
  end.writeUInt32LE(offsetBytes, 12);
  await writeFile(path, Buffer.concat([...locals, ...directory, Buffer.from('PK\x05\x06'), end]));
}
