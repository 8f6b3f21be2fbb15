// Makes one file of what is used of the Kubernetes client: dist/cluster/kube-client.js. Without this step
// everything works, and starts later.
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

await build({
  absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
  entryPoints: ['src/cluster/kube-client.ts'],
  outfile: 'dist/cluster/kube-client.js',
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Node warns of its own, which a package deep down asks for.
  alias: { punycode: 'punycode/punycode.js' },
  legalComments: 'eof',
  logLevel: 'warning',
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
});
