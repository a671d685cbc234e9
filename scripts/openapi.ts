import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { buildApi } from '../api/app.ts'
import { openDatabase } from '../db/orm.ts'
import { stripeGateway } from '../gateways/stripe/gateway.ts'

/** Writes api/openapi.json from the API's schemas; with --check, fails when the committed copy says something else. */
const file = fileURLToPath(new URL('../api/openapi.json', import.meta.url))
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const notAsked = () => {
  throw new Error('Nothing is asked of the API while it is described.')
}
// None of these connects before it is used.
const orm = await openDatabase('postgres://127.0.0.1:1/none')
const app = await buildApi({
  orm,
  temporal: new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) }),
  payments: stripeGateway({ secretKey: 'sk_test_none', returnUrl: 'http://localhost' }),
  verifyToken: notAsked,
  ownIssuer: { sign: notAsked },
  readStripeWebhook: notAsked,
  renderReceipt: notAsked,
  renderStatement: notAsked,
  now: () => new Date(),
  config: { taskQueue: 'none', temporalUiUrl: 'http://localhost', testClocks: true, version, logger: false },
})
await app.ready()
const text = `${JSON.stringify(app.swagger(), null, 2)}\n`
await app.close()
await orm.close()

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('api/openapi.json is not what the API says: run `npm run openapi:write` and look at the difference.')
    process.exitCode = 1
  }
} else {
  writeFileSync(file, text)
}
