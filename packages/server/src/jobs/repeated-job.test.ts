/** What a Job is as it is made once more. */
import { expect, test } from 'vitest';
import type { JobObject } from './job-object.js';
import { withoutTraces } from './repeated-job.js';

const LEAST = 'kueue.x-k8s.io/job-min-parallelism';

test.each([
  [4, { [LEAST]: '1' }],
  [1, {}],
])(
  'a Job that its queue admitted with %d pods at once - is one that Kueue takes',
  (parallelism, annotations) => {
    const job: JobObject = {
      metadata: {
        name: 'a',
        labels: { 'kueue.x-k8s.io/queue-name': 'q' },
        annotations: { [LEAST]: '1' },
      },
      spec: { parallelism, completions: 9, template: { spec: { containers: [] } } },
    };
    expect(withoutTraces(job)).toMatchObject({
      metadata: { annotations },
      spec: { parallelism, suspend: true },
    });
    expect(withoutTraces(job).metadata.annotations).toEqual(annotations);
  },
);
