import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import { createSerializerCompiler, type FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi'
import { clockRoutes } from './clocks/routes.ts'
import { codecRoutes } from './codec/routes.ts'
import { customerRoutes } from './customers/routes.ts'
import type { ApiDeps } from './deps.ts'
import { escalationRoutes } from './escalations/routes.ts'
import { FINANCING } from './financing/kind.ts'
import type { App } from './http/app-type.ts'
import { BODY_LIMIT, parseBodies } from './http/body.ts'
import { connectionLimits, limitConnections, refuseLongUrls } from './http/connections.ts'
import { describeRoutes, serveDocs } from './http/docs.ts'
import {
  answerBrokenRequests,
  answerErrors,
  answerFrameworkErrors,
  answerUnknownRoutes,
  LONGEST_ID,
  rememberRoutes,
} from './http/errors.ts'
import { serveHealth } from './http/health.ts'
import { answerOnce } from './http/idempotency.ts'
import { DEFAULT_LIMITS, limitAddresses, limitCallers } from './http/limits.ts'
import { logRequests } from './http/logging.ts'
import { type Metrics, measure, newMetrics } from './http/metrics.ts'
import { refuseWhenBusy } from './http/pressure.ts'
import { requestId, returnRequestIds } from './http/request-ids.ts'
import { validateRequests } from './http/validate.ts'
import { apiClientRoutes } from './identity/api-client-routes.ts'
import { attemptCounter } from './identity/attempts.ts'
import { keepAuditTrail } from './identity/audit.ts'
import { auditRoutes } from './identity/audit-routes.ts'
import { authenticate } from './identity/authenticate.ts'
import { oauthRoutes } from './identity/oauth-routes.ts'
import { signInRoute } from './identity/sign-in.ts'
import { userRoutes } from './identity/user-routes.ts'
import { peopleRoutes } from './leasing/people/routes.ts'
import { leaseRoutes } from './leasing/routes.ts'
import { statementRoutes } from './leasing/statements/routes.ts'
import { stockRoutes } from './leasing/stock/routes.ts'
import { eventRoutes } from './plans/events.ts'
import { notificationRoutes } from './plans/notifications.ts'
import { receiptPdfRoute } from './plans/receipts.ts'
import { planRoutes } from './plans/routes.ts'
import { webhookEndpointRoutes } from './webhook-endpoints/routes.ts'
import { webhookRoutes } from './webhooks/routes.ts'

/** The API, ready to be listened on or injected into. Nothing is connected or started here. */
export async function buildApi(deps: ApiDeps): Promise<FastifyInstance> {
  const app = Fastify({
    logger: deps.config.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestId,
    requestIdHeader: false,
    bodyLimit: BODY_LIMIT,
    ...connectionLimits(deps.config.connections),
    trustProxy: deps.config.trustProxy ?? false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: LONGEST_ID, ignoreTrailingSlash: false },
    frameworkErrors: answerFrameworkErrors,
    clientErrorHandler: answerBrokenRequests,
  })
  limitConnections(app, deps.config.connections)
  rememberRoutes(app)
  returnRequestIds(app)
  app.setSerializerCompiler(createSerializerCompiler({ stringify: JSON.stringify }))
  answerErrors(app)
  logRequests(app)
  const metrics = newMetrics()
  await protect(app, deps, metrics)
  parseBodies(app)
  validateRequests(app)
  answerOnce(app, deps.orm)
  await describeRoutes(app, deps.config.version)
  addRoutes(app, deps, metrics)
  await serveDocs(app)
  return app
}

async function protect(
  app: FastifyInstance,
  { orm, config, verifyToken, now }: ApiDeps,
  { refused }: Metrics,
): Promise<void> {
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.helmet = { contentSecurityPolicy: { directives: DOCS_POLICY } }
  })
  await app.register(helmet, { contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] } } })
  const limits = { ...DEFAULT_LIMITS, ...config.limits }
  refuseLongUrls(app)
  refuseWhenBusy(app, orm, refused, config.longestDelayMs)
  await app.register(rateLimit, { global: false })
  limitAddresses(app, limits, refused)
  answerUnknownRoutes(app)
  authenticate(app, verifyToken)
  limitCallers(app, limits, refused)
  keepAuditTrail(app, orm, now)
}

/** The reference page is one script of our own that writes its styles inline. */
const DOCS_POLICY = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'", "'unsafe-inline'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  workerSrc: ["'self'", 'blob:'],
  upgradeInsecureRequests: null,
}

function addRoutes(app: FastifyInstance, deps: ApiDeps, metrics: Metrics): void {
  const typed = app.withTypeProvider<FastifyZodOpenApiTypeProvider>()
  planRoutes(typed, FINANCING, deps)
  leaseRoutes(typed, deps)
  receiptPdfRoute(typed, deps)
  customerRoutes(typed, deps)
  escalationRoutes(typed, deps)
  notificationRoutes(typed, deps)
  eventRoutes(typed, deps)
  webhookEndpointRoutes(typed, deps)
  stockRoutes(typed, deps)
  clockRoutes(typed, deps)
  statementRoutes(typed, deps)
  webhookRoutes(typed, deps)
  peopleRoutes(typed, deps)
  identityRoutes(typed, deps)
  codecRoutes(app, deps)
  serveHealth(app, { orm: deps.orm, temporal: deps.temporal, taskQueue: deps.config.taskQueue })
  measure(app, deps.orm, metrics, deps.config.metricsFor)
}

function identityRoutes(app: App, deps: ApiDeps): void {
  const countAttempt = attemptCounter(app)
  oauthRoutes(app, deps, countAttempt)
  signInRoute(app, deps, countAttempt)
  apiClientRoutes(app, deps)
  userRoutes(app, deps)
  auditRoutes(app, deps)
}
