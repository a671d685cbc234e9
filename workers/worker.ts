import type { MikroORM } from '@mikro-orm/postgresql'
import { DefaultLogger, type LogEntry, Runtime } from '@temporalio/worker'
import closeWithGrace from 'close-with-grace'
import { type Logger, pino } from 'pino'
import { forgetExpired } from '../db/identity/idempotency-keys.ts'
import { openDatabase } from '../db/orm.ts'
import { type CircuitChange, guarded } from '../gateways/circuit.ts'
import { limited } from '../gateways/limiter.ts'
import { mailer } from '../gateways/mail/mailer.ts'
import { cases } from '../gateways/salesforce/cases.ts'
import { stripeGateway } from '../gateways/stripe/gateway.ts'
import { webhookSender } from '../gateways/webhooks/send.ts'
import { logCircuit } from './circuit-log.ts'
import { type Config, loadConfigOrExit, orExit } from './config.ts'
import { keysIn } from './keys.ts'
import { startOutbox } from './outbox.ts'
import { patchesSwitchedOn } from './patches.ts'
import { createPlanWorker } from './plan-worker.ts'
import { temporalSecurity } from './temporal-server.ts'
import { startWatch, type Watch } from './watch.ts'
import { startWebhooks } from './webhooks.ts'

const HOUR_MS = 3_600_000

/** The worker as a process: plans, their activities, and the outbox of what is told to people. */
async function main(config: Config<'DATABASE_WORKER_URL'>): Promise<void> {
  const logger = pino({ level: config.LOG_LEVEL, name: 'worker' })
  Runtime.install({ logger: temporalLogger(logger) })
  const keys = orExit(() => keysIn(config))
  const security = orExit(() => temporalSecurity(config))
  const orm = await openDatabase(config.DATABASE_WORKER_URL, {
    role: 'worker',
    name: 'tenor-worker',
    poolSize: config.DATABASE_POOL_MAX,
    keys,
  })
  let isRunning = false
  const watch = await startWatch({ host: config.METRICS_HOST, port: config.METRICS_PORT }, () => isRunning)
  const mail = mailer({ smtpUrl: config.SMTP_URL, from: config.MAIL_FROM, requireTls: config.SMTP_REQUIRE_TLS })
  const outbox = startOutbox({
    em: () => orm.em.fork(),
    mailer: mail,
    backOffice: config.BACK_OFFICE_EMAIL,
    cases: casesOf(config),
    onTold: (what, outcome) => watch.told.inc({ what, outcome }),
    onAge: (what, age) => showAge(watch, what, age),
    onError: (error) => logger.warn({ err: error }, 'The outbox could not be worked off; it is tried again'),
  })
  const webhooks = startWebhooks({
    em: () => orm.em.fork(),
    send: webhookSender({ allowPrivate: config.WEBHOOK_ALLOW_PRIVATE }),
    onTold: (what, outcome) => watch.told.inc({ what, outcome }),
    onError: (error) => logger.warn({ err: error }, 'Webhooks could not be worked off; they are tried again'),
  })
  const forgetting = forgetAnswers(orm, logger)
  const gateway = guarded(gatewayOf(config), { onChange: (change) => showCircuit(change, watch, logger) })
  const { worker, connection } = await createPlanWorker({
    orm,
    gateway,
    keys,
    onCharge: (outcome) => watch.charges.inc({ outcome }),
    onDue: (late) => watch.lateness.observe(late),
    address: config.TEMPORAL_ADDRESS,
    security,
    namespace: config.TEMPORAL_NAMESPACE,
    taskQueue: config.TEMPORAL_TASK_QUEUE,
    options: {
      shutdownGraceTime: '10s',
      patchActivationCallback: patchesSwitchedOn(config.WORKFLOW_PATCHES ?? [], (patch) =>
        logger.info({ patch }, 'This change to workflows is not switched on (WORKFLOW_PATCHES): runs begin without it'),
      ),
      ...(config.CACHED_PLANS && { maxCachedWorkflows: config.CACHED_PLANS }),
    },
  })
  const running = worker.run()
  isRunning = true
  logger.info({ taskQueue: config.TEMPORAL_TASK_QUEUE, metrics: watch.port }, 'The worker is ready')
  closeWithGrace({ delay: 25_000, logger }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'The worker ends: nobody has handled this error')
    isRunning = false
    clearInterval(forgetting)
    if (worker.getState() === 'RUNNING') worker.shutdown()
    await Promise.allSettled([running, outbox.stop(), webhooks.stop()])
    await connection.close()
    mail.close()
    await orm.close()
    await watch.close()
  })
  await running
}

/** Answers that are kept for repeats go when their day is over. */
function forgetAnswers(orm: MikroORM, logger: Logger): NodeJS.Timeout {
  const forget = () =>
    forgetExpired(orm.em.fork(), new Date()).catch((error: unknown) =>
      logger.warn({ err: error }, 'Answers to old Idempotency-Keys are still kept'),
    )
  return setInterval(() => void forget(), HOUR_MS)
}

function showAge(watch: Watch, what: string, { waiting, oldestMs }: { waiting: number; oldestMs: number }): void {
  watch.waiting.set({ what }, waiting)
  watch.overdue.set({ what }, oldestMs / 1000)
}

function showCircuit(change: CircuitChange, watch: Watch, logger: Logger): void {
  watch.circuit.set(change.isOpen ? 1 : 0)
  logCircuit(logger, change)
}

function gatewayOf(config: Config<never>) {
  const gateway = stripeGateway({
    secretKey: config.STRIPE_SECRET_KEY,
    apiUrl: config.STRIPE_API_URL,
    returnUrl: config.PUBLIC_URL,
  })
  const requestsPerSecond = config.GATEWAY_REQUESTS_PER_SECOND
  return requestsPerSecond === undefined ? gateway : limited(gateway, { requestsPerSecond })
}

function casesOf(config: Config<never>) {
  return cases({
    loginUrl: config.SALESFORCE_LOGIN_URL,
    clientId: config.SALESFORCE_CLIENT_ID,
    clientSecret: config.SALESFORCE_CLIENT_SECRET,
    username: config.SALESFORCE_USERNAME,
    password: config.SALESFORCE_PASSWORD,
  })
}

/** The SDK's log lines among ours; the worker handles signals itself. */
function temporalLogger(logger: Logger): DefaultLogger {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const
  return new DefaultLogger('INFO', ({ level, message, meta }: LogEntry) => logger[levels[level]]({ ...meta }, message))
}

await main(loadConfigOrExit('DATABASE_WORKER_URL'))
