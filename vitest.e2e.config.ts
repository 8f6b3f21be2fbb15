import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import base from './vitest.config.js';

/** What a node says of pods comes late where many began before: kubelets send some events a second. */
const FIRST = 'pods-not-started.test.ts';

class EventsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isFirst = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith(FIRST);
    const sorted = await super.sort(files);
    return [...sorted.filter(isFirst), ...sorted.filter(file => !isFirst(file))];
  }
}

/** End-to-end tests: two files at once, each with namespaces of its own on one cluster. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: undefined,
    include: ['test/e2e/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    sequence: { sequencer: EventsFirst },
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
