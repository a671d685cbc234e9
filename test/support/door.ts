import type { MikroORM } from '@mikro-orm/postgresql'
import { Client } from '@temporalio/client'
import type { FastifyInstance } from 'fastify'
import { buildApi } from '../../api/app.ts'
import type { ApiConfig, ApiDeps } from '../../api/deps.ts'
import { lazyConnection } from '../../api/http/temporal.ts'
import type { Caller } from '../../api/identity/caller.ts'
import { openDatabase } from '../../db/orm.ts'
import { stripeGateway } from '../../gateways/stripe/gateway.ts'

export type Door = {
  open(config?: Partial<ApiConfig>, caller?: Partial<Caller>, deps?: Partial<ApiDeps>): Promise<FastifyInstance>
  /** As `open`, and listening; returns its address as well. */
  listen(
    config?: Partial<ApiConfig>,
    deps?: Partial<ApiDeps>,
  ): Promise<{ app: FastifyInstance; url: string; port: number }>
  close(): Promise<void>
}

/** The API when nothing that it needs can be reached: what is tried there gets no further than the door. */
export async function newDoor(): Promise<Door> {
  const orm: MikroORM = await openDatabase('postgres://127.0.0.1:1/none')
  const apps: FastifyInstance[] = []
  const open: Door['open'] = async (config = {}, caller = {}, deps = {}) => {
    const app = await buildApi({
      orm,
      temporal: new Client({ connection: lazyConnection('127.0.0.1:1') }),
      payments: stripeGateway({ secretKey: 'sk_test_none', returnUrl: 'http://localhost' }),
      verifyToken: async () => ({
        sub: 'x',
        tenant: 'acme',
        roles: ['admin'],
        customer: null,
        client: null,
        ...caller,
      }),
      ownIssuer: { sign: async () => 'token' },
      readStripeWebhook: () => ({ id: 'evt_1', type: 'x', createdAt: '2027-01-15T00:00:00Z' }),
      renderReceipt: async () => Buffer.from(''),
      renderStatement: async function* () {},
      now: () => new Date('2027-01-15T00:00:00Z'),
      ...deps,
      config: {
        taskQueue: 'q',
        temporalUiUrl: 'http://ui',
        testClocks: true,
        version: '1.2.3',
        logger: false,
        // Tests share the machine with servers.
        longestDelayMs: 60_000,
        ...config,
      },
    })
    apps.push(app)
    return app
  }
  return {
    open,
    async listen(config, deps) {
      const app = await open(config, {}, deps)
      const url = await app.listen({ host: '127.0.0.1', port: 0 })
      return { app, url, port: Number(new URL(url).port) }
    },
    async close() {
      await Promise.all(apps.map((app) => app.close()))
      await orm.close()
    },
  }
}
