/** Ends the controller of a run with SIGKILL, where the node of the cluster is this machine. */
import { readdir, readFile } from 'node:fs/promises';
import { runName } from '@kube-transform/runtime/kubernetes';

/** Kills those that run; how many. What has ended meanwhile does not count. */
export async function killController(runId: string): Promise<number> {
  let killed = 0;
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map(name => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    );
    const isIt = environment?.split('\0').includes(`KT_RUN_CONFIG=${runName(runId)}`);
    if (command?.includes('controller.mjs') !== true || isIt !== true) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
      killed++;
    } catch {
      // It has ended meanwhile.
    }
  }
  return killed;
}
