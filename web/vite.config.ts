import {fileURLToPath} from 'node:url';
import {defineConfig, type Plugin} from 'vite';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Gives `@libp2p/webrtc` our peer connection: see there for why. */
export const guardPeerConnections: Plugin = {
  name: 'guard-peer-connections',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source.endsWith('/webrtc/index.js') && importer?.includes('/@libp2p/webrtc/')
      ? fromRoot('web/src/node/libp2p/guarded-peer-connection.ts')
      : null,
};

export default defineConfig({
  root: fromRoot('web'),
  publicDir: fromRoot('public'),
  // Relative URLs: the page may be served from any path.
  base: './',
  resolve: {
    alias: {
      '#shared': fromRoot('shared'),
      // The package's default entry is for Node; bundlers would take it.
      '@huggingface/gguf': fromRoot('node_modules/@huggingface/gguf/dist/browser/index.mjs'),
    },
  },
  plugins: [guardPeerConnections],
  worker: {format: 'es'},
  build: {
    outDir: fromRoot('dist'),
    emptyOutDir: true,
    target: 'es2023',
    // The engine is loaded on demand: its size is no mistake.
    chunkSizeWarningLimit: 2_000,
  },
});
