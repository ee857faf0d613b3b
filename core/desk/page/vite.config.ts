// SPDX-License-Identifier: Apache-2.0
// One script and one style sheet with fixed names: the server carries them in its binary and a browser asks whether they changed.
import { defineConfig } from 'vite'

export default defineConfig({
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
    build: {
        outDir: process.env.PAGE_OUT ?? '../../../build/page',
        emptyOutDir: true,
        modulePreload: false,
        assetsInlineLimit: 0,
        rollupOptions: { output: { entryFileNames: 'desk.js', assetFileNames: 'desk[extname]' } },
    },
})
