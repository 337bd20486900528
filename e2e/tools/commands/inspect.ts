import {pathFromCaller} from '../command-line/files/path-from-caller.ts';
import {runToExit} from '../command-line/run-to-exit.ts';

await runToExit(
  {
    start: 'npm run -s inspect',
    purpose:
      'Says whether Weft can serve a GGUF file, and what it would take: one JSON document. Exits ' +
      'with 1 when something of the file is not supported; what, why and what to take instead is in it.',
    operands: {name: 'FILE.gguf', meaning: 'the model, or its vocabulary alone', count: 'one'},
    options: {
      tokenize: {
        type: 'string',
        value: 'TEXTS.json',
        meaning: 'prints the tokens of each text of a list, too',
      },
      render: {
        type: 'string',
        value: 'CHATS.json',
        meaning: 'prints the prompt of each chat of a list, too; a chat is a list of messages',
      },
    },
  },
  async ({values, positionals: [path = '']}) => {
    const {openModel} = await import('../command-line/files/open-model.ts');
    const {blobByteSource} = await import('#shared/model/byte-source.ts');
    const {parseGguf} = await import('#shared/model/gguf/parse-gguf.ts');
    const {inspectFile} = await import('#shared/model/manifest-of-file/inspect-file.ts');
    const source = blobByteSource(await openModel(pathFromCaller(path)));
    const {inspectText} = await import('../inspect-text/inspect-text.ts');
    const readHeader = () => parseGguf(source);
    const inspection = await inspectFile({readHeader, fileByteLength: source.byteLength});
    const text = await inspectText(readHeader, values);
    process.stdout.write(`${JSON.stringify({...inspection, ...text}, null, 2)}\n`);
    if (!inspection.supported) process.exitCode = 1;
  },
);
