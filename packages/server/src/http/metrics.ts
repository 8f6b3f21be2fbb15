/** What the server counts, for Prometheus. */
import { Counter, Histogram, Registry } from 'prom-client';

/** The counts of one server. */
export interface ServerMetrics {
  registry: Registry;
  /** A request was answered. `route`: as it is declared, so that names do not make new series. */
  answered(request: { method: string; route: string; status: number; seconds: number }): void;
  /** A job was made. */
  created(definition: string): void;
  /** Finished jobs were deleted. */
  deleted(jobs: number): void;
  /** The webhook was told of an end, or was not. */
  told(result: string): void;
}

/** Counts from 0. */
export function serverMetrics(): ServerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'kt_server_requests_total',
    help: 'Requests that were answered',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'kt_server_request_seconds',
    help: 'How long requests took',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const created = new Counter({
    name: 'kt_server_jobs_created_total',
    help: 'Jobs that were made, by definition',
    labelNames: ['definition'],
    registers,
  });
  const deleted = new Counter({
    name: 'kt_server_jobs_deleted_total',
    help: 'Finished Jobs that retention deleted',
    registers,
  });
  const told = new Counter({
    name: 'kt_server_webhooks_total',
    help: 'Attempts to tell the webhook of the end of a job: delivered, failed, given_up',
    labelNames: ['result'],
    registers,
  });
  return {
    registry,
    answered: ({ method, route, status, seconds: took }) => {
      requests.inc({ method, route, status: String(status) });
      seconds.observe({ method, route }, took);
    },
    created: definition => created.inc({ definition }),
    deleted: jobs => deleted.inc(jobs),
    told: result => told.inc({ result }),
  };
}
