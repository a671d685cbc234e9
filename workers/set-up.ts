import { migrate } from '../db/migrate.ts'
import { loadConfigOrExit } from './config.ts'
import { devIssuerOf } from './stack/dev-issuer.ts'
import { registerSearchAttributes } from './stack/temporal.ts'

/**
 * Makes ready what API and workers stand on, once per release, before they start: the database's newest schema, the
 * search attributes in Temporal and, where the development issuer is used, its keys.
 */
const config = loadConfigOrExit()
const applied = await migrate(config.DATABASE_URL)
console.log(`Schema: ${applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to do'}.`)
await registerSearchAttributes(config.TEMPORAL_ADDRESS, config.TEMPORAL_NAMESPACE)
console.log('Search attributes: registered.')
if (config.DEV_ISSUER_KEY_FILE) {
  const { keyFile } = await devIssuerOf(config.DEV_ISSUER_KEY_FILE)
  console.log(`Development issuer: ${keyFile}.`)
}
