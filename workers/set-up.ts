import { prepareDatabase } from '../db/migrate.ts'
import { loadConfigOrExit, orExit } from './config.ts'
import { keysIn, refuseMissingKeys } from './keys.ts'
import { devIssuerOf } from './stack/dev-issuer.ts'
import { makeDevKeys } from './stack/dev-keys.ts'
import { registerSearchAttributes } from './stack/temporal.ts'
import { temporalSecurity } from './temporal-server.ts'

/**
 * Makes ready what API and workers stand on, once per release, before they start: the database's logins and newest
 * schema, the search attributes in Temporal and, where the development issuer is used, its keys and one to encrypt with.
 */
const config = loadConfigOrExit('DATABASE_URL', 'DATABASE_WORKER_URL', 'DATABASE_OWNER_URL')
const { DATABASE_URL: api, DATABASE_WORKER_URL: worker, DATABASE_OWNER_URL: owner } = config
if (config.DEV_ISSUER_KEY_FILE && config.TENOR_KEYS_FILE && makeDevKeys(config.TENOR_KEYS_FILE)) {
  console.log(`Keys: made a development key in ${config.TENOR_KEYS_FILE}.`)
}
const keys = orExit(() => keysIn(config))
const applied = await prepareDatabase({ owner, api, worker }, keys)
console.log(`Schema: ${applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to do'}.`)
await refuseMissingKeys(owner, keys).catch((error: Error) => {
  console.error(error.message)
  process.exit(1)
})
const security = orExit(() => temporalSecurity(config))
await registerSearchAttributes(config.TEMPORAL_ADDRESS, config.TEMPORAL_NAMESPACE, security)
console.log('Search attributes: registered.')
if (config.DEV_ISSUER_KEY_FILE) {
  const { keyFile } = await devIssuerOf(config.DEV_ISSUER_KEY_FILE)
  console.log(`Development issuer: ${keyFile}.`)
}
