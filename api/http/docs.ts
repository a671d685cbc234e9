import swagger from '@fastify/swagger'
import reference from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import { fastifyZodOpenApiPlugin, fastifyZodOpenApiTransformers } from 'fastify-zod-openapi'
import { accessTo } from '../identity/permissions.ts'

const ABOUT = `Money that is owed over time, in instalments. Amounts are integers in minor units, dates are civil dates
in the plan's zone, moments are UTC. Errors are RFC 9457 problems with a stable \`code\`. Send an \`Idempotency-Key\` with a
POST to be able to repeat it safely.`

export const TAGS = {
  plans: 'Payment terms',
  customers: 'Customers',
  escalations: 'Escalations',
  reading: 'Events and notifications',
  clocks: 'Test clocks',
  system: 'System',
} as const

/** Must come before the routes that it describes. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(fastifyZodOpenApiPlugin)
  app.addHook('onRoute', (route) => {
    if (!route.schema || route.schema.hide) return
    const access = accessTo([route.method].flat()[0] ?? '', route.url)
    if (access === 'public') route.schema.security ??= []
    else route.schema.description ??= `Roles: ${access.map((role) => `\`${role}\``).join(', ')}.`
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tenor', version, description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      tags: Object.values(TAGS).map((name) => ({ name })),
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      security: [{ bearer: [] }],
    },
    ...fastifyZodOpenApiTransformers,
  })
}

/** `/openapi.json` and a page to read it on. */
export async function serveDocs(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  await app.register(reference, {
    routePrefix: '/docs',
    configuration: { title: 'Tenor', url: '/openapi.json', telemetry: false, withDefaultFonts: false },
  })
}
