import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import nodemailer from 'nodemailer'
import { benchOn, eventually, type Inbox, SECRET, startInbox } from './stripe/testing.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

type Running = { line: string; urls: string[]; end: (signal: NodeJS.Signals) => Promise<number | null> }

let dataDir: string
let children: ChildProcess[]
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sandbox-'))
  children = []
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(dataDir, { recursive: true })
})

async function start(name: string, env: Record<string, string> = {}): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, name], {
    env: { PATH: process.env.PATH, SANDBOX_DATA: dataDir, STRIPE_WEBHOOK_SECRET: SECRET, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(child, 'exit')
    child.kill(signal)
    return ((await ended) as [number | null])[0]
  }
  return { line, urls: line.match(/\w+:\/\/\S+/g) ?? [], end }
}

async function startStripe(webhooks: Inbox): Promise<Running & ReturnType<typeof benchOn>> {
  const running = await start('stripe', { STRIPE_WEBHOOK_URL: webhooks.url })
  const url = running.urls[0] ?? ''
  return { ...running, ...benchOn({ url, port: Number(new URL(url).port), close: async () => {} }) }
}

describe('a sandbox as a process', () => {
  it('killed in the middle of work has everything that it answered', async () => {
    const inbox = await startInbox()
    inbox.answers.push(...Array.from({ length: 2000 }, () => 503))
    const before = await startStripe(inbox)
    const who = await before.customerWith('pm_card_visa')
    const debit = await before.charge(await before.customerWith('pm_usBankAccount_success'), {}, 'debit')
    await before.control('POST', '/_sandbox/outcomes', { customer_id: who.customer, outcomes: ['lost_card'] })
    await expect(before.charge(who, {}, 'declined')).rejects.toMatchObject({ decline_code: 'lost_card' })

    const answered = new Map<string, string>()
    const work = Array.from({ length: 60 }, async (_, i) => {
      const paid = await before.charge(who, {}, `key-${i}`)
      answered.set(`key-${i}`, paid.id)
    })
    await eventually(() => answered.size > 5)
    expect(await before.end('SIGKILL')).toBeNull()
    await Promise.allSettled(work)
    inbox.answers.length = 0

    const after = await startStripe(inbox)
    for (const [key, id] of answered) expect((await after.charge(who, {}, key)).id).toBe(id)
    await expect(after.charge(who, {}, 'declined')).rejects.toMatchObject({ decline_code: 'lost_card' })
    const keys = (await after.payments(who.customer)).flatMap((one) => one.idempotency_keys.map(({ key }) => key))
    expect(new Set(keys).size).toBe(keys.length)
    await after.control('POST', '/_sandbox/settle', { payment: 'all' })
    expect((await after.stripe.paymentIntents.retrieve(debit.id)).status).toBe('succeeded')
    const told = () => new Set(inbox.events().map(({ data }) => (data.object as { id: string }).id))
    await eventually(() => [...answered.values()].every((id) => told().has(id)))
    expect(await after.end('SIGTERM')).toBe(0)
    await inbox.close()
  }, 30_000)

  it('keeps mail over a SIGKILL', async () => {
    const before = await start('mail')
    await nodemailer.createTransport(before.urls[0]).sendMail({ from: 'a@b.test', to: 'c@d.test', subject: 'Kept' })
    await before.end('SIGKILL')
    const after = await start('mail')
    const answer = await fetch(`${after.urls[1]}/_sandbox/messages?to=c@d.test`)
    expect(await answer.json()).toMatchObject({ data: [{ subject: 'Kept', times: 1 }] })
    expect(await after.end('SIGTERM')).toBe(0)
  }, 30_000)

  it('says when its port is taken', async () => {
    const first = await start('salesforce')
    const { port } = new URL(first.urls[0] ?? '')
    const second = spawn(process.execPath, [MAIN, 'salesforce'], {
      env: { PATH: process.env.PATH, SANDBOX_SALESFORCE_PORT: port },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    children.push(second)
    const said: string[] = []
    second.stderr.on('data', (chunk) => said.push(String(chunk)))
    expect(((await once(second, 'exit')) as [number])[0]).toBe(1)
    expect(said.join('')).toContain(`Port ${port} on 127.0.0.1 is taken`)
    expect(await first.end('SIGTERM')).toBe(0)
  }, 30_000)
})
