/**
 * `npm run bench -- [core|in-process|store|pool|cold-start|reduce|cluster|maps|containers|bare-pods|many|
 * floor|fire|deploy|bucket]…`: prints ours beside what it is compared with, measured in one run.
 */
import { availableParallelism } from 'node:os';
import { benchBucket } from './bucket.mjs';
import { benchCluster } from './cluster.mjs';
import { benchColdStart } from './cold-start.mjs';
import { benchContainers } from './containers.mjs';
import { benchCore } from './core.mjs';
import { benchDeploy } from './deploy.mjs';
import { benchInProcess } from './in-process.mjs';
import { benchBarePods } from './runs/bare-pods.mjs';
import { benchFire } from './runs/fire.mjs';
import { benchFloor } from './runs/floor.mjs';
import { benchMany } from './runs/many.mjs';
import { benchMaps } from './runs/maps.mjs';
import { benchPool } from './pool.mjs';
import { benchReduce } from './reduce.mjs';
import { benchStore } from './store.mjs';

const LOCAL = {
  core: benchCore,
  'in-process': benchInProcess,
  store: benchStore,
  pool: benchPool,
  'cold-start': benchColdStart,
  reduce: benchReduce,
};
const BENCHES = {
  ...LOCAL,
  cluster: async () => [...(await benchCluster()), ...(await benchContainers())],
  maps: benchMaps,
  containers: benchContainers,
  'bare-pods': benchBarePods,
  many: benchMany,
  floor: benchFloor,
  fire: benchFire,
  deploy: benchDeploy,
  bucket: benchBucket,
};
const asked = process.argv.slice(2);
const unknown = asked.find(name => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`There is no bench "${unknown}"; there are: ${Object.keys(BENCHES).join(', ')}.`);
  process.exit(2);
}
const ms = (value, unit = 'ms') => `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`;
const verdict = row => {
  if (row.goalMs !== undefined)
    return row.medianMs <= row.goalMs ? `met (≤ ${ms(row.goalMs)})` : `missed (≤ ${ms(row.goalMs)})`;
  if (row.goal === undefined) return 'none';
  const met = row.atLeast ? row.ratio >= row.goal : row.ratio <= row.goal;
  return `${met ? 'met' : 'missed'} (${row.atLeast ? '≥' : '≤'} ${row.goal}×)`;
};
console.log(`Node ${process.version}, ${availableParallelism()} cores. Medians; each pair measured in turn.`);
for (const name of asked.length > 0 ? asked : Object.keys(LOCAL)) {
  for (const row of await BENCHES[name]()) {
    console.log(
      `${row.name}: ${ms(row.medianMs, row.unit)} / ${ms(row.baselineMs, row.unit)} = ${row.ratio.toFixed(2)}×  goal ${verdict(row)}${row.note === undefined ? '' : `  (${row.note})`}`,
    );
  }
}
