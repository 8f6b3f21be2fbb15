// Prints the address of this machine on its link to the test cluster: where its pods reach an object store.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { findCluster } from '../e2e/find-cluster.mjs';

/** The address; undefined where there is no cluster. */
export async function linkAddress() {
  if (!findCluster()) return undefined;
  const [, host, port] = /server: https?:\/\/([^:/\s]+):(\d+)/.exec(
    readFileSync(process.env.KT_E2E_KUBECONFIG, 'utf8'),
  );
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => {
      resolve(socket.localAddress);
      socket.destroy();
    }).once('error', reject);
  });
}

if (process.argv[1] === import.meta.filename) console.log((await linkAddress()) ?? '');
