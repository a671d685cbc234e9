import closeWithGrace from 'close-with-grace'
import { startMailSandbox } from './mail/index.ts'
import { startSalesforceSandbox } from './salesforce/index.ts'
import { startStripeSandbox } from './stripe/index.ts'

type Running = { says: string; close: () => Promise<void> }

/** A whole number from the environment; says which variable is wrong. */
function number(name: string): number | undefined
function number(name: string, otherwise: number): number
function number(name: string, otherwise?: number): number | undefined {
  const text = process.env[name]
  if (text === undefined || text === '') return otherwise
  if (!/^\d+$/.test(text)) throw new Error(`${name} must be a whole number, but is ${JSON.stringify(text)}`)
  return Number(text)
}

const where = () => {
  const { SANDBOX_HOST: host, SANDBOX_DATA: dataDir } = process.env
  return { ...(host ? { host } : {}), ...(dataDir ? { dataDir } : {}) }
}

async function stripe(): Promise<Running> {
  const urls = process.env.STRIPE_WEBHOOK_URL?.split(',').filter((url) => url !== '')
  const settleAfterMs = number('SANDBOX_SETTLE_AFTER_MS')
  const requestsPerSecond = number('SANDBOX_STRIPE_REQUESTS_PER_SECOND')
  const sandbox = await startStripeSandbox({
    ...where(),
    port: number('SANDBOX_STRIPE_PORT', 0),
    webhookSecret: process.env.STRIPE_WEBHOOK_SECRET || 'whsec_sandbox',
    ...(urls?.length ? { webhookUrls: urls } : {}),
    ...(settleAfterMs === undefined ? {} : { settleAfterMs }),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
  })
  return { says: sandbox.url, close: sandbox.close }
}

async function mail(): Promise<Running> {
  const sandbox = await startMailSandbox({
    ...where(),
    smtpPort: number('SANDBOX_SMTP_PORT', 0),
    httpPort: number('SANDBOX_MAIL_HTTP_PORT', 0),
  })
  return { says: `${sandbox.smtpUrl} ${sandbox.url}`, close: sandbox.close }
}

async function salesforce(): Promise<Running> {
  const sandbox = await startSalesforceSandbox({ ...where(), port: number('SANDBOX_SALESFORCE_PORT', 0) })
  return { says: sandbox.url, close: sandbox.close }
}

const SANDBOXES: Record<string, () => Promise<Running>> = { stripe, mail, salesforce }

const name = process.argv[2] ?? ''
const start = SANDBOXES[name]
try {
  if (!start) throw new Error(`Say which sandbox to start: ${Object.keys(SANDBOXES).join(', ')}`)
  const running = await start()
  closeWithGrace({ delay: 5_000, logger: false }, () => running.close())
  console.log(`sandbox ${name} ready at ${running.says}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
