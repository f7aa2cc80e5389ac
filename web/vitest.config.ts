import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  // The parts that run in a browser, not those that render on a server.
  resolve: { conditions: ['browser'] },
  test: { environment: 'jsdom' },
});
