import type { MikroORM } from '@mikro-orm/postgresql'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import { poolOf } from '../../db/orm.ts'
import type { ApiConfig } from '../deps.ts'
import { hashSecret, isSecret } from '../identity/passwords.ts'
import { notFound } from './problem.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export type Metrics = ReturnType<typeof newMetrics>
export type Refused = Metrics['refused']

/** What is counted in several places; the rest is measured by `measure`. */
export function newMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const refused = new Counter({
    name: 'tenor_http_refused_total',
    help: 'Requests that were refused because there were too many: 429 by caller or address, 503 while too busy.',
    labelNames: ['reason', 'class'] as const,
    registers: [registry],
  })
  return { registry, refused }
}

/** Prometheus: how long requests take and how they end, by route; what waits for people and for the outbox. */
export function measure(
  app: FastifyInstance,
  orm: MikroORM,
  { registry }: Metrics,
  readers: ApiConfig['metricsFor'],
): void {
  const requests = new Histogram({
    name: 'tenor_http_request_seconds',
    help: 'Time that requests took, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  })
  app.addHook('onResponse', async (request, reply) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'unknown', status: reply.statusCode }
    requests.observe(labels, reply.elapsedTime / 1000)
  })
  gaugesOf(orm, registry)
  poolGauge(orm, registry)
  app.get('/metrics', { schema: { hide: true }, config: { rateLimit: false } }, async (request, reply) => {
    if (readers && !mayRead(readers, request.headers.authorization)) throw notFound('metrics')
    reply.type(registry.contentType)
    return registry.metrics()
  })
}

function mayRead(readers: NonNullable<ApiConfig['metricsFor']>, shown = ''): boolean {
  if (readers === 'nobody') return false
  return isSecret(shown, [hashSecret(`Bearer ${readers.token}`)])
}

const WAITING: [name: string, help: string, sql: string][] = [
  [
    'tenor_escalations_open',
    'Escalations that a broker has yet to resolve.',
    'select open_escalations::float8 as value from waiting_figures()',
  ],
  [
    'tenor_outbox_age_seconds',
    'Age of the oldest notice that is still to be sent.',
    'select coalesce(extract(epoch from now() - oldest_notice), 0)::float8 as value from waiting_figures()',
  ],
  [
    'tenor_webhooks_unmatched',
    'Webhooks that wait to be matched with a transaction.',
    'select count(*)::float8 as value from webhook_inbox where processed_at is null and next_attempt_at is not null',
  ],
  [
    'tenor_webhooks_held',
    'Webhooks that people must deal with: never matched, or of a plan whose workflow somebody has ended.',
    'select count(*)::float8 as value from webhook_inbox where processed_at is null and next_attempt_at is null',
  ],
  [
    'tenor_database_connections',
    "This database's open connections, of all processes.",
    'select count(*)::float8 as value from pg_stat_activity where datname = current_database()',
  ],
]

function gaugesOf(orm: MikroORM, registry: Registry): void {
  for (const [name, help, sql] of WAITING) {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        // A database that is down must not hide the other figures.
        const rows = await orm.em
          .fork()
          .execute<{ value: number }[]>(sql)
          .catch(() => [])
        if (rows[0]) this.set(rows[0].value)
        else this.reset()
      },
    })
  }
}

function poolGauge(orm: MikroORM, registry: Registry): void {
  new Gauge({
    name: 'tenor_database_pool',
    help: "This process's connections to the database, and requests that wait for one.",
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { open, waiting } = poolOf(orm)
      this.set({ state: 'open' }, open)
      this.set({ state: 'waiting' }, waiting)
    },
  })
}
