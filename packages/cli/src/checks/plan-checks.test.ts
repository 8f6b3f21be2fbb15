import { expect, test } from 'vitest';
import { demandsOf, limitFindings, type LimitRange, type Quota, quotaFindings } from './plan-checks.js';
import { mustParsePipeline } from '@kube-transform/sdk';

const demands = (...cpus: string[]): ReturnType<typeof demandsOf> => {
  const jobs = cpus.map((cpu, i) => ({
    type: 'static' as const,
    name: `s${i}`,
    cpu,
    memory: '64Mi',
    tasks: [{ function: 'a.b', args: {} }],
  }));
  return demandsOf(mustParsePipeline({ name: 'p', jobs }).jobs.map(job => ({ pipeline: 'p', job })));
};
const quota = (hard: Record<string, string>, used: Record<string, string> = {}): Quota => ({
  metadata: { name: 'q' },
  status: { hard, used },
});
const range = (limit: object): LimitRange => ({
  metadata: { name: 'l' },
  spec: { limits: [{ type: 'Container', ...limit }] },
});
const outcomes = (findings: { outcome: string }[]): string[] => findings.map(({ outcome }) => outcome);

test('the largest step has to fit beside the controller, also where it is smaller than the controller', () => {
  expect(outcomes(quotaFindings([quota({ 'requests.cpu': '120m' })], demands('10m', '20m')))).toEqual(['ok']);
  const [small] = quotaFindings([quota({ 'requests.cpu': '110m' })], demands('10m', '20m'));
  expect(small?.message).toContain(
    'leaves 0.11 of requests.cpu (110m in all), and p.s1 with the controller needs 0.12.',
  );
  expect(outcomes(quotaFindings([quota({ cpu: '1' }, { cpu: '900m' })], demands('20m')))).toEqual([
    'problem',
  ]);
  const [none] = quotaFindings([quota({ cpu: '50m' })], demands());
  expect(none?.message).toContain('and the controller needs 0.1.');
});

test('a quota or a maximum on CPU limits is no problem where containers get a limit', () => {
  const some = demands('500m');
  expect(outcomes(quotaFindings([quota({ 'limits.cpu': '4' })], some))).toEqual(['problem']);
  expect(
    outcomes(quotaFindings([quota({ 'limits.cpu': '4' })], some, [range({ default: { cpu: '1' } })])),
  ).toEqual(['ok']);
  expect(limitFindings([range({ max: { cpu: '1' } })], some)[0]?.message).toContain(
    'no limit on CPU, of which 1 is the most',
  );
  expect(outcomes(limitFindings([range({ max: { cpu: '1' }, default: { cpu: '1' } })], some))).toEqual([
    'ok',
  ]);
  expect(
    limitFindings([range({ max: { cpu: '200m' }, default: { cpu: '200m' } })], some)[0]?.message,
  ).toContain('p.s0: cpu 0.5 > 200m');
});
