/**
 * `node test/scale/drive.mjs STORE RUN`: drives a copy of a stored run as a controller does, by an executor that
 * says at once that what it is given has succeeded. Ends with 1 where the run does not complete.
 */
import { localFileStore, readRecord } from '@kube-transform/runtime';
import { drive, systemClock } from '@kube-transform/runtime/internal';
import { scriptedExecutor } from '@kube-transform/runtime/testing';

const [, , dir = '.', run = ''] = process.argv;
const store = localFileStore(dir);
const record = await readRecord(store, run);
if (record === null) throw new Error(`There is no run ${run} in ${dir}.`);
record.runId = `${run}-driven`;
const never = new AbortController().signal;
const { status } = await drive({
  ...{ store, record, clock: systemClock, resumed: false, drain: never, stop: never, cancel: never },
  executor: scriptedExecutor(({ job }) => [{ type: 'JobSucceeded', job: job.name }]),
  sink: { publish: () => undefined },
});
if (status !== 'Completed') throw new Error(`The run ends as ${status}.`);
