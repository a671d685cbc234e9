import swagger from '@fastify/swagger'
import reference from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import { fastifyZodOpenApiPlugin, fastifyZodOpenApiTransformers } from 'fastify-zod-openapi'
import { accessTo } from '../identity/permissions.ts'
import { complete } from './document.ts'

const ABOUT = `Money that is owed over time, in instalments. Amounts are integers in minor units, dates are civil dates
in the plan's zone, moments are UTC. Errors are RFC 9457 problems with a stable \`code\`. Send an \`Idempotency-Key\` with a
POST to be able to repeat it safely.

Before any operation is found, a request may be refused as no HTTP (400), not sent in time (408), with headers that are too
long (431), or by a method that is none there (405, with \`Allow\`): as problems too.`

export const TAGS = {
  plans: 'Payment terms',
  leases: 'Leases',
  customers: 'Customers',
  statements: 'Statements',
  escalations: 'Escalations',
  reading: 'Events and notifications',
  webhooks: 'Webhooks',
  stock: 'Devices',
  leasing: 'Leasing',
  clocks: 'Test clocks',
  identity: 'Signing in',
  system: 'System',
} as const

const TAG_DESCRIPTIONS = [
  [TAGS.plans, 'Insurance premiums paid monthly over the term of the policy.'],
  [TAGS.leases, 'Devices that employees lease through the store of their company.'],
  [TAGS.customers, 'Who owes; made at the payment gateway as well.'],
  [TAGS.statements, 'What companies owe for what they have taken from pay, closed at the end of each period.'],
  [TAGS.escalations, 'What a broker has to settle.'],
  [TAGS.reading, 'What happened, and who was told.'],
  [TAGS.webhooks, 'Every event as it happens, signed as Standard Webhooks says.'],
  [TAGS.stock, 'What can be leased, and how many of it there are.'],
  [TAGS.leasing, 'Companies and their employees, leases and statements.'],
  [TAGS.clocks, 'A year in seconds, where no real money moves.'],
  [TAGS.identity, 'Tokens, users and API clients where Tenor is its own issuer; and who did what when.'],
  [TAGS.system, 'Health and what gateways call.'],
] as const

/** Must come before the routes that it describes. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(fastifyZodOpenApiPlugin)
  app.addHook('onRoute', (route) => {
    if (!route.schema || route.schema.hide) return
    Object.assign(route.schema, { operationId: operationId(route) })
    const access = accessTo([route.method].flat()[0] ?? '', route.url)
    if (access === 'public') route.schema.security ??= []
    else route.schema.description ??= `Roles: ${access.map((role) => `\`${role}\``).join(', ')}.`
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tenor', version, description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      tags: TAG_DESCRIPTIONS.map(([name, description]) => ({ name, description })),
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      security: [{ bearer: [] }],
    },
    transform: fastifyZodOpenApiTransformers.transform,
    transformObject: (documents) => complete(fastifyZodOpenApiTransformers.transformObject(documents)),
  })
}

/** `GET /payment_terms/:id/ledger` is `getPaymentTermsByIdLedger`: what generated clients call it. */
function operationId({ method, url }: { method: string | string[]; url: string }): string {
  const words = url
    .replace(/:(\w+)/g, 'by_$1')
    .split(/\W|_/)
    .filter(Boolean)
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return [method].flat()[0]?.toLowerCase() + name
}

/** `/openapi.json` and a page to read it on. */
export async function serveDocs(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  await app.register(reference, {
    routePrefix: '/docs',
    // A reference, not a door to the vendor's cloud.
    configuration: {
      title: 'Tenor',
      url: '/openapi.json',
      telemetry: false,
      withDefaultFonts: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      agent: { disabled: true },
      mcp: { disabled: true },
    },
  })
}
