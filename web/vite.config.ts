import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

const SERVICE = process.env['LOCALCHAT_URL'] ?? 'http://127.0.0.1:8000';
const COMPRESSIBLE = /\.(css|html|js|json|mjs|svg|wasm)$/;
const brotli = promisify(brotliCompress);

/** Writes a brotli and a gzip copy beside each file that gets smaller by it, so that the service compresses nothing. */
function compressed(): Plugin {
  let folder = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved: (config) => {
      folder = config.build.outDir;
    },
    closeBundle: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile() && COMPRESSIBLE.test(entry.name));
      await Promise.all(
        files.map(async (file) => {
          const path = join(file.parentPath, file.name);
          const content = await readFile(path);
          const quality = { [constants.BROTLI_PARAM_QUALITY]: content.length < 400_000 ? 11 : 9 };
          await writeFile(`${path}.br`, await brotli(content, { params: quality }));
          await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
        }),
      );
    },
  };
}

/** What pdf.js reads beside itself for fonts and scripts that a PDF names but does not hold. */
function pdfResources(): Plugin {
  return {
    name: 'pdf-resources',
    apply: 'build',
    async generateBundle() {
      for (const folder of ['cmaps', 'standard_fonts']) {
        const source = join(import.meta.dirname, 'node_modules/pdfjs-dist', folder);
        for (const name of await readdir(source)) {
          if (name.startsWith('LICENSE')) continue;
          const content = await readFile(join(source, name));
          this.emitFile({ type: 'asset', fileName: `assets/pdfjs/${folder}/${name}`, source: content });
        }
      }
    },
  };
}

export default defineConfig({
  // Wherever the service is mounted, its files lie beside its index.
  base: './',
  plugins: [svelte(), pdfResources(), compressed()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/v1', '/health', '/metrics', '/docs', '/openapi.json'].map((path) => [path, SERVICE]),
    ),
  },
});
