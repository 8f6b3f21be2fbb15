// A reporter for vitest: at the end of a run the ten slowest files, and what all of them took together.
const seconds = ms => `${(ms / 1000).toFixed(1).padStart(7)} s`;
const line = (ms, text) => `${seconds(ms)}  ${text}`;

export default class SlowestFiles {
  onTestRunEnd(modules) {
    const files = modules.map(module => {
      const { duration, collectDuration, setupDuration } = module.diagnostic();
      return { name: module.relativeModuleId, tookMs: duration + collectDuration + setupDuration };
    });
    const slowest = files.toSorted((a, b) => b.tookMs - a.tookMs).slice(0, 10);
    const allMs = files.reduce((sum, { tookMs }) => sum + tookMs, 0);
    console.log(['', 'Slowest files:', ...slowest.map(({ name, tookMs }) => line(tookMs, name))].join('\n'));
    console.log(`${line(allMs, `in all ${files.length} files, one after the other`)}\n`);
  }
}
