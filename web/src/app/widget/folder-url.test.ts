import {expect, test} from 'vitest';
import {folderUrl} from './folder-url.ts';

const PAGE = 'https://page.example/blog/post';

test.each([
  ['https://weft.example', 'https://weft.example/'],
  ['https://weft.example/swarm?x#y', 'https://weft.example/swarm/'],
  ['/weft/', 'https://page.example/weft/'],
])('[WS2] %s is the folder %s', (text, folder) => {
  expect(folderUrl('server', text, PAGE)).toBe(folder);
});

test.each(['https://', 'javascript:alert(1)', 'data:text/html,x', 'ws://weft.example/'])(
  '[WS2] %s is refused, naming the attribute',
  (text) => {
    expect(() => folderUrl('server', text, PAGE)).toThrow(
      'Cannot read the attribute "server" of this chat: expected an address such as',
    );
  },
);
