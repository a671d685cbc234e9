import { z } from 'zod'
import { Faults, faultRoutes } from '../faults.ts'
import { createApp, listen, RequestStats } from '../server.ts'
import { openStore } from '../store.ts'
import { type Org, salesforceRoutes } from './api.ts'
import { caseListing, pageRoutes } from './pages.ts'
import { SalesforceRecords } from './records.ts'
import { type Credentials, Sessions } from './sessions.ts'

export type SalesforceSandboxOptions = {
  /** 0: any free port. */
  port: number
  host?: string
  /** Folder for the records; without it nothing outlives the server. */
  dataDir?: string
  /** The only client that is let in; without it any. */
  credentials?: Credentials
}

export type SalesforceSandbox = { url: string; port: number; close: () => Promise<void> }

const FAULTS = [
  'slow',
  'lose_answer',
  'cut_answer',
  'error_500',
  'rate_limit',
  'limit_exceeded',
  'session_expired',
  'duplicate_race',
  'row_lock',
  'down',
] as const

/** Starts a server that has Salesforce's cases and their REST API, with controls under `/_sandbox`. */
export async function startSalesforceSandbox(options: SalesforceSandboxOptions): Promise<SalesforceSandbox> {
  const db = openStore(options.dataDir, 'salesforce')
  const faults = new Faults(FAULTS)
  const stats = new RequestStats()
  const records = new SalesforceRecords(db)
  const org: Org = { records, sessions: new Sessions(db, options.credentials), faults, stats, url: '' }
  const app = createApp()
  faultRoutes(app, faults)
  salesforceRoutes(app, org)
  pageRoutes(app, records)
  app.get('/_sandbox/cases', async (request) => {
    const { external_id } = z.strictObject({ external_id: z.string().optional() }).parse(request.query)
    return { data: caseListing(records).filter((one) => external_id === undefined || one.external_id === external_id) }
  })
  app.get('/_sandbox/stats', async () => stats.report())
  app.post('/_sandbox/reset', async () => {
    records.clear()
    faults.clear()
    stats.reset()
    return { reset: true }
  })
  const listening = await listen(app, options)
  org.url = listening.url
  return {
    ...listening,
    close: async () => {
      await app.close()
      db.close()
    },
  }
}
