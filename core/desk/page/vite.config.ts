// SPDX-License-Identifier: Apache-2.0
// One script and one style sheet with fixed names, each besides as gzip makes it: the server carries them in its binary, and a browser asks whether
// they changed.
import { readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { defineConfig } from 'vite'

export default defineConfig({
    plugins: [
        {
            name: 'gzip',
            writeBundle({ dir }, bundle) {
                for (const name of Object.keys(bundle)) writeFileSync(`${dir}/${name}.gz`, gzipSync(readFileSync(`${dir}/${name}`), { level: 9 }))
            },
        },
    ],
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
    build: {
        outDir: process.env.PAGE_OUT ?? '../../../build/page',
        emptyOutDir: true,
        modulePreload: false,
        assetsInlineLimit: 0,
        rollupOptions: { output: { entryFileNames: 'desk.js', assetFileNames: 'desk[extname]' } },
    },
})
