import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Client, Connection } from '@temporalio/client'
import { buildApi } from '../api/app.ts'
import { openDatabase } from '../db/orm.ts'
import { stripeGateway } from '../gateways/stripe/gateway.ts'
import { breakingChanges } from './breaking-changes.ts'

/**
 * Writes api/openapi.json from the API's schemas, with --released also the copy that later ones are compared with. With
 * --check, fails when the committed file says something else, or would break clients of the last release.
 */
const file = fileURLToPath(new URL('../api/openapi.json', import.meta.url))
const released = fileURLToPath(new URL('../api/openapi.released.json.gz', import.meta.url))
/** Differences that break nobody whom there is; to be emptied with each release. */
const ACCEPTED = [
  // Of letters about statements, which only companies of leasing have, and the last release had none.
  'GET /notifications: 200/data/*/plan_id may be something else',
  // It always was; only this was not said.
  'POST /oauth/token: a body is needed now',
]
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
  const before = JSON.parse(gunzipSync(readFileSync(released)).toString())
  const broken = breakingChanges(before, JSON.parse(text)).filter((change) => !ACCEPTED.includes(change))
  for (const change of broken) console.error(`Clients of ${before.info.version} would break: ${change}`)
  if (broken.length > 0) process.exitCode = 1
} else {
  writeFileSync(file, text)
  if (process.argv.includes('--released')) writeFileSync(released, gzipSync(text))
}
