import { Faults } from '../faults.ts'
import { createApp, listen, RequestStats } from '../server.ts'
import { openStore, Settings } from '../store.ts'
import { stripeRoutes } from './api.ts'
import { controlRoutes } from './controls.ts'
import { pageRoutes } from './pages.ts'
import { Sandbox } from './sandbox.ts'
import { SettleClock } from './settle.ts'

export type StripeSandboxOptions = {
  /** 0: any free port. */
  port: number
  host?: string
  /** Folder for the state; without it nothing outlives the server. */
  dataDir?: string
  /** Where events go. Left out: where they went before a restart. */
  webhookUrls?: string[]
  webhookSecret: string
  /** First wait before a webhook is sent again, in milliseconds; doubles each time. 500 when left out. */
  webhookBackOffMs?: number
  /** Bank debits settle by themselves after so many milliseconds; left out: only when told to. */
  settleAfterMs?: number
  /** More requests in a second are answered with 429. */
  requestsPerSecond?: number
}

export type StripeSandbox = { url: string; port: number; close: () => Promise<void> }

const FAULTS = ['slow', 'lose_answer', 'error_500', 'error_500_after', 'rate_limit', 'down'] as const

/** Starts a server that speaks Stripe's wire and keeps state, with controls under `/_sandbox`. */
export async function startStripeSandbox(options: StripeSandboxOptions): Promise<StripeSandbox> {
  const db = openStore(options.dataDir, 'stripe')
  const sandbox = new Sandbox(db, new Settings(db), new Faults(FAULTS), {
    webhookSecret: options.webhookSecret,
    webhookBackOffMs: options.webhookBackOffMs ?? 500,
    settleAfterMs: options.settleAfterMs,
    requestsPerSecond: options.requestsPerSecond,
  })
  const stats = new RequestStats()
  const app = createApp()
  stripeRoutes(app, sandbox, stats)
  controlRoutes(app, sandbox, stats)
  pageRoutes(app, sandbox)
  const clock = new SettleClock(sandbox)

  const listening = await listen(app, options)
  sandbox.url = listening.url
  if (options.webhookUrls) sandbox.webhooks.setUrls(options.webhookUrls)
  else sandbox.webhooks.wake()
  clock.start()
  return {
    ...listening,
    close: async () => {
      clock.stop()
      await app.close()
      await sandbox.webhooks.stop()
      db.close()
    },
  }
}
