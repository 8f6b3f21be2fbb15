/**
 * Controllers that are killed while containers and functions make files: nothing is lost, and nothing is
 * begun again once its file is there. KT_E2E_KILLS says how many kills there are; default 4.
 */
import { readLog, RESULT_LINE, resultsPrefix, systemClock } from '@kube-transform/runtime/internal';
import { expect, test } from 'vitest';
import { testCluster } from '../kit/cluster.js';
import { killController } from '../kit/kill-controller.js';
import { eventually } from '../kit/projects.js';
import { submitJobs } from '../kit/submitted.js';
import { madeIn, notesOf, targetJobs, toBeMade } from '../kit/targets.js';

const KILLS = Number(process.env['KT_E2E_KILLS'] ?? 4);
/** Kubernetes waits twice as long after each. */
const A_RUN = 2;
const AT_ONCE = 2;
const NAMES = Array.from({ length: 9 }, (_, n) => `n${n}`);
const ITEMS = 2 * NAMES.length + 2;
const PATIENCE_MS = 240_000;

/** A run whose controller is killed when so many items have begun; what came of it. */
async function killed(moments: readonly number[]) {
  await using cluster = await testCluster('kills');
  const run = await submitJobs(cluster, targetJobs(NAMES, 2));
  let isOver = false;
  void run.ended.finally(() => (isOver = true)).catch(() => undefined);
  let kills = 0;
  for (const moment of moments) {
    const begun = async (): Promise<number> =>
      [...(await notesOf(cluster)).began.values()].reduce((sum, times) => sum + times, 0);
    await eventually(begun, count => isOver || count >= moment);
    kills += await eventually(
      () => killController(run.runId),
      count => isOver || count > 0,
    );
  }
  const { status } = await run.ended;
  const { began, again } = await notesOf(cluster);
  const results = new Map<string, number>();
  for (const job of ['header', 'extract', 'convert', 'joined'])
    for await (const { i, r } of readLog(cluster.store, resultsPrefix(run.runId, job), RESULT_LINE))
      if (r !== undefined) results.set(`${job}/${i}`, (results.get(`${job}/${i}`) ?? 0) + 1);
  return {
    kills,
    begunTwice: [...began.values()].reduce((sum, times) => sum + times - 1, 0),
    seen: {
      status,
      made: await madeIn(cluster, NAMES),
      again,
      results: results.size,
      doubles: [...results].filter(([, count]) => count > 1),
    },
  };
}

test(
  `${KILLS} kills of controllers - lose nothing, and begin nothing again whose file is there`,
  { timeout: Math.ceil(KILLS / A_RUN / AT_ONCE) * PATIENCE_MS },
  async ({ annotate, skip }) => {
    const sum = { runs: 0, kills: 0, begunTwice: 0 };
    while (sum.kills < KILLS) {
      const moments = (): number[] =>
        Array.from({ length: A_RUN }, () => 1 + (systemClock.randomId(8).charCodeAt(0) % (ITEMS - 4)));
      const runs = Array.from({ length: AT_ONCE }, () => killed(moments().sort((a, b) => a - b)));
      for (const { kills, begunTwice, seen } of await Promise.all(runs)) {
        expect(seen).toEqual({
          ...{ status: 'Completed', made: toBeMade(NAMES), again: [] },
          ...{ results: ITEMS, doubles: [] },
        });
        sum.kills += kills;
        sum.runs++;
        sum.begunTwice += begunTwice;
      }
      if (sum.kills === 0) return skip('no controller is seen here: the node is another machine');
    }
    await annotate(
      `${sum.runs} runs, ${sum.kills} kills, ${sum.begunTwice} items begun twice before their file was there`,
    );
  },
);
