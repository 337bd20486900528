import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vite';
import packageFile from '../package.json' with {type: 'json'};
import {compressSite} from './site/compress-site.ts';
import {buildClient} from './client/build-client.ts';
import {buildExamples} from './examples/build-examples.ts';
import {markSource, PAGE_SOURCE} from './site/mark-source.ts';
import {swapBuiltSite} from './site/swap-built-site.ts';
import {buildWidget} from './widget/build/build-widget.ts';
import {keepVersions} from './widget/build/keep-versions.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/**
 * What the first page checks its data with: left to itself the bundler cuts this in two
 * files, because a tokenizer that is built on the page later needs a part of it.
 */
const FIRST_SCHEMAS =
  /\/zod\/v4\/(?:core\/(?:api|checks|core|doc|errors|parse|regexes|schemas|util|versions)|mini\/schemas)\.js$|\/shared\/base\/(?:errors|ids)\.ts$/u;

export default defineConfig({
  root: fromRoot('web'),
  publicDir: fromRoot('public'),
  // Relative URLs: the page may be served from any path.
  base: './',
  resolve: {
    alias: {'#shared': fromRoot('shared')},
  },
  optimizeDeps: {
    // What is found late reloads the page: the worker is not reached from the HTML file.
    entries: ['index.html', 'src/**/*.worker.ts'],
    // It finds its WebAssembly file beside itself.
    exclude: ['onnxruntime-web'],
  },
  plugins: [
    buildWidget({
      entry: fromRoot('web/widget/widget.ts'),
      shared: fromRoot('shared'),
      version: packageFile.version,
    }),
    keepVersions({siteDir: fromRoot('dist')}),
    buildClient({entry: fromRoot('web/client/client.ts'), shared: fromRoot('shared')}),
    buildExamples({
      'copy-snippet': fromRoot('web/examples/copy-snippet.ts'),
      'deep-chat': fromRoot('web/examples/deep-chat.ts'),
      'own-page': fromRoot('web/examples/own-page.ts'),
      react: fromRoot('web/examples/react.tsx'),
      vue: fromRoot('web/examples/vue.ts'),
    }),
    markSource(PAGE_SOURCE),
    compressSite(),
    swapBuiltSite({workDir: fromRoot('.cache')}),
  ],
  worker: {format: 'es'},
  build: {
    outDir: fromRoot('dist'),
    target: 'es2023',
    // The engine is loaded on demand: its size is no mistake.
    chunkSizeWarningLimit: 2_000,
    // A busy machine is no fault of the build.
    rolldownOptions: {
      checks: {bundlerTimings: false},
      output: {codeSplitting: {groups: [{name: 'schemas', test: FIRST_SCHEMAS}]}},
    },
  },
});
