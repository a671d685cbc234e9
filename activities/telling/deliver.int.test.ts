import type { MikroORM } from '@mikro-orm/postgresql'
import { extractText, getDocumentProxy } from 'unpdf'
import { addCustomer } from '../../db/customers/people.ts'
import { addUnits, holdUnit } from '../../db/leasing/units.ts'
import { openDatabase } from '../../db/orm.ts'
import { Escalations } from '../../db/plans/escalations.ts'
import { Notifications } from '../../db/plans/notifications.ts'
import { samplePlan } from '../../db/plans/sample.ts'
import { recordInstallment, recordNewPlan } from '../../db/plans/write.ts'
import { makeLease } from '../../domain/leasing/make.ts'
import type { Effect } from '../../domain/plans/effects.ts'
import { paid } from '../../domain/plans/ledger.ts'
import { type Mailer, mailer } from '../../gateways/mail/mailer.ts'
import { type Cases, cases } from '../../gateways/salesforce/cases.ts'
import { type MailSandbox, startMailSandbox } from '../../sandbox/mail/index.ts'
import { type SalesforceSandbox, startSalesforceSandbox } from '../../sandbox/salesforce/index.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { freshDatabase } from '../../test/support/servers.ts'
import { startOutbox } from '../../workers/outbox.ts'
import { MOST_ATTEMPTS } from './back-off.ts'
import { deliverCases } from './deliver-cases.ts'
import { deliverNotices } from './deliver-notices.ts'

const TENANT = 'tenant_a'
const BACK_OFFICE = 'back-office@tenor.example'
const AT = '2027-01-15T14:00:00Z'
let database: Awaited<ReturnType<typeof freshDatabase>>
let orm: MikroORM
let inbox: MailSandbox
let salesforce: SalesforceSandbox
let letters: Mailer
let brokers: Cases
let count = 0

beforeAll(async () => {
  database = await freshDatabase()
  orm = await openDatabase(database.url, { keys: TEST_KEYS })
  inbox = await startMailSandbox({ smtpPort: 0, httpPort: 0 })
  salesforce = await startSalesforceSandbox({ port: 0 })
  letters = mailer({ smtpUrl: inbox.smtpUrl, from: 'Tenor <billing@tenor.example>', timeoutMs: 3000 })
  brokers = cases({ loginUrl: salesforce.url, clientId: 'tenor', clientSecret: 'secret', timeoutMs: 3000 })
})

afterAll(async () => {
  letters.close()
  await Promise.all([inbox.close(), salesforce.close(), orm.close(true)])
  await database.drop()
})

beforeEach(async () => {
  await em().nativeDelete(Notifications, {})
  await Promise.all([control(inbox, 'POST', 'reset'), control(salesforce, 'POST', 'reset')])
})

const em = () => orm.em.fork()
const tell = (over: object = {}) =>
  deliverNotices({ em, mailer: letters, backOffice: BACK_OFFICE, random: () => 0.5, ...over })
const tellBrokers = (over: object = {}) => deliverCases({ em, cases: brokers, random: () => 0.5, ...over })

async function control(server: { url: string }, method: string, path: string, body: object = {}) {
  const answer = await fetch(`${server.url}/_sandbox/${path}`, {
    method,
    ...(method === 'POST' && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as { data: Record<string, unknown>[] }
}

const arrived = async () => (await control(inbox, 'GET', 'messages')).data
const caseList = async () => (await control(salesforce, 'GET', 'cases')).data
const rows = () => em().find(Notifications, {}, { orderBy: { id: 'asc' } })
const later = (ms: number) => () => new Date(Date.now() + ms)

async function makePlan(customer: { email?: string; locale?: string } | null = {}) {
  count += 1
  const id = `pt_${count}`
  const { plan } = samplePlan(id, { tenant: TENANT, customer: `customer-${count}` })
  if (customer) {
    await addCustomer(em(), {
      tenantId: TENANT,
      id: plan.customer,
      name: 'Ada Obi',
      email: customer.email ?? `ada${count}@example.com`,
      phone: null,
      locale: customer.locale ?? null,
      gatewayCustomerId: null,
      defaultPaymentMethod: null,
      createdAt: AT,
      updatedAt: AT,
    })
  }
  await recordNewPlan(em(), plan, { request: {}, workflowId: `payment-terms-${count}`, runId: null, effects: [] })
  return plan
}

async function happens(plan: Awaited<ReturnType<typeof makePlan>>, effects: Effect[]): Promise<void> {
  const [first] = plan.installments
  if (!first) throw new Error('no instalment')
  await recordInstallment(em(), plan.id, first, effects, AT)
}

const reminder = (key = 'r'): Effect => ({ write: 'notice', key, type: 'payment.reminder', data: { installment: 1 } })

function payment(plan: { id: string }): Effect[] {
  const transaction = `txn_${plan.id.slice(3)}_1_1`
  const why = { cause: 'due', installment_amount: 10_000, total_amount: 120_000 }
  return [
    {
      write: 'transaction',
      id: transaction,
      type: 'charge',
      installment: 1,
      attempt: 1,
      amount: 10_000,
      status: 'succeeded',
      gateway: 'stripe',
      reference: `pi_${plan.id}`,
      parts: [],
      refund: null,
      of: null,
      why,
    },
    paid({ key: 'p', amount: 10_000, description: 'Paid', transaction }),
    { write: 'receipt', transaction, type: 'payment', amount: 10_000 },
    { write: 'notice', key: 'receipt', type: 'payment.receipt', data: { transaction_id: transaction, amount: 10_000 } },
  ]
}

/** A lease of an employee, with its employer and its unit, as ordered. */
async function orderLease(): Promise<string> {
  count += 1
  const [id, employee, client, unit] = [`ls_${count}`, `emp_${count}`, `cli_${count}`, `dev_${count}`]
  const person = { tenantId: TENANT, phone: null, gatewayCustomerId: null, defaultPaymentMethod: null }
  const times = { createdAt: AT, updatedAt: AT }
  const ada = { id: employee, name: 'Ada Obi', email: `${employee}@works.example`, locale: 'fr' }
  const works = { id: client, name: 'The Works', email: `${client}@works.example`, locale: null }
  for (const one of [ada, works]) await addCustomer(em(), { ...person, ...one, ...times })
  const stock = { tenant: TENANT, lease: id, modelCode: 'phone' }
  await addUnits(em(), TENANT, [{ id: unit, imei: `${count}`.padStart(15, '0'), modelCode: 'phone' }], AT)
  expect(await holdUnit(em(), stock)).toBe(unit)
  const { plan: like } = samplePlan(id, { tenant: TENANT, customer: employee })
  const { plan, effects } = makeLease({
    ...{ id, tenant: TENANT, customer: employee, client, unit, payer: 'payroll', total: 120_000, waiver: 0 },
    ...{ terms: like.terms, paymentMethod: { id: 'payroll', type: 'payroll' }, clock: null, now: AT },
    ...{ extensionPercent: 50, dispatchDays: 5 },
    device: { code: 'phone', name: 'Phone X', price: 140_000, subsidy: 0, residual: 20_000 },
  })
  await recordNewPlan(em(), plan, { request: {}, workflowId: `lease-${count}`, runId: null, effects })
  return id
}

describe('a notice of a lease', () => {
  it('goes to the employee, to the company or to our back office, each in their language', async () => {
    const id = await orderLease()
    expect(await tell()).toBe(3)
    const sent = (await arrived()) as { to: string; subject: string; text: string }[]
    const to = (address: string) => sent.find((one) => JSON.stringify(one.to).includes(address))
    const number = id.slice(3)
    expect(to(`emp_${number}@works.example`)?.subject).toBe('Votre commande : Phone X')
    expect(to(`cli_${number}@works.example`)?.subject).toBe('Phone X ordered for Ada Obi')
    expect(to(BACK_OFFICE)?.subject).toBe('Please dispatch: Phone X for Ada Obi')
    for (const words of ['The Works', number.padStart(15, '0')]) expect(to(BACK_OFFICE)?.text).toContain(words)
    expect((await rows()).map(({ status }) => status)).toEqual(['sent', 'sent', 'sent'])
  })
})

describe('a queued notice', () => {
  it('becomes a letter, once, at the moment of the plan’s clock', async () => {
    const plan = await makePlan()
    await happens(plan, [reminder()])
    expect(await tell()).toBe(1)
    expect(await tell({ now: later(3_600_000) })).toBe(0)
    const [row] = await rows()
    expect(row).toMatchObject({ status: 'sent', sentAt: AT, createdAt: AT, attempts: 1, nextAttemptAt: null })
    expect(await arrived()).toMatchObject([
      {
        message_id: `<${row?.id}@tenor>`,
        to: [`ada${count}@example.com`],
        times: 1,
        from: expect.stringContaining('billing@'),
      },
    ])
  })

  it('of a plan in real time is sent in real time', async () => {
    const plan = await makePlan()
    await happens(plan, [reminder()])
    await em().nativeUpdate(Notifications, { planId: plan.id }, { testClockId: null })
    const now = new Date('2027-02-03T04:05:06.000Z')
    await tell({ now: () => now })
    expect(await rows()).toMatchObject([{ status: 'sent', sentAt: '2027-02-03T04:05:06Z' }])
  })

  it('of a payment brings the receipt, in the customer’s language', async () => {
    const plan = await makePlan({ locale: 'fr-FR' })
    await happens(plan, payment(plan))
    await tell()
    const [message] = (await arrived()) as { subject: string; attachments: { filename: string; url: string }[] }[]
    expect(message?.subject.replace(/\p{Zs}/gu, ' ')).toBe('Reçu de votre paiement de 100,00 $US')
    expect(message?.attachments).toMatchObject([{ filename: `${count}-001.pdf`, content_type: 'application/pdf' }])
    const pdf = await fetch(new URL(message?.attachments[0]?.url ?? '', inbox.url))
    const { text } = await extractText(await getDocumentProxy(new Uint8Array(await pdf.arrayBuffer())), {
      mergePages: true,
    })
    expect(text.replace(/\s+/g, ' ')).toContain('Échéance 1 sur 12')
  })

  it('is sent by one of many who look at the same time', async () => {
    const plan = await makePlan()
    await happens(
      plan,
      Array.from({ length: 20 }, (_, n) => reminder(`r${n}`)),
    )
    const taken = await Promise.all(Array.from({ length: 6 }, () => tell({ batch: 5 })))
    expect(taken.reduce((sum, n) => sum + n, 0)).toBe(20)
    expect(new Set((await arrived()).map(({ message_id }) => message_id)).size).toBe(20)
    expect((await arrived()).every(({ times }) => times === 1)).toBe(true)
  })
})

describe('a letter that cannot be delivered now', () => {
  it.each(['down', 'error_500'])('waits and is sent later, as the same letter (%s)', async (mode) => {
    const plan = await makePlan()
    await happens(plan, [reminder()])
    await control(inbox, 'POST', 'faults', { mode, count: 1 })
    const told: string[] = []
    await tell({ onTold: (what: string, outcome: string) => told.push(`${what} ${outcome}`) })
    const [waiting] = await rows()
    expect(waiting).toMatchObject({ status: 'queued', attempts: 1, sentAt: null })
    expect(waiting?.lastError).toContain('MailDelayed')
    expect(waiting?.lastError).not.toContain('@')
    expect(await tell()).toBe(0)
    await tell({ now: later(60_000), onTold: (what: string, outcome: string) => told.push(`${what} ${outcome}`) })
    expect(await rows()).toMatchObject([{ status: 'sent', attempts: 2, lastError: null }])
    expect(told).toEqual(['notice delayed', 'notice sent'])
  })

  it('whose answer was lost arrives as a copy of itself', async () => {
    await happens(await makePlan(), [reminder()])
    await control(inbox, 'POST', 'faults', { mode: 'lose_answer', count: 1 })
    await tell()
    await tell({ now: later(60_000) })
    expect(await arrived()).toMatchObject([{ times: 2 }])
  })

  it('is shown to ops after three days', async () => {
    await happens(await makePlan(), [reminder()])
    await em().nativeUpdate(Notifications, {}, { attempts: MOST_ATTEMPTS - 1 })
    await control(inbox, 'POST', 'faults', { mode: 'down' })
    await tell()
    expect(await rows()).toMatchObject([{ status: 'failed', nextAttemptAt: null, sentAt: null }])
  })

  it('is failed at once if it never can be', async () => {
    await happens(await makePlan({ email: 'not an address' }), [reminder()])
    await happens(await makePlan(null), [reminder()])
    await tell()
    expect((await rows()).map(({ status, attempts }) => [status, attempts])).toEqual([
      ['failed', 1],
      ['failed', 1],
    ])
    expect(await arrived()).toEqual([])
  })

  it('leaves the others alone', async () => {
    await happens(await makePlan({ email: 'not an address' }), [reminder()])
    await happens(await makePlan(), [reminder()])
    await tell()
    expect((await rows()).map(({ status }) => status).sort()).toEqual(['failed', 'sent'])
  })

  it('that a killed process had taken is sent by another', async () => {
    await happens(await makePlan(), [reminder()])
    const dead = { ...letters, send: () => new Promise<never>(() => {}) }
    void deliverNotices({ em, mailer: dead, backOffice: BACK_OFFICE })
    while ((await rows())[0]?.attempts === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await tell()).toBe(0)
    expect(await tell({ now: later(180_000) })).toBe(1)
    expect(await arrived()).toHaveLength(1)
  })
})

describe('an escalation', () => {
  const escalation = (plan: { id: string }): Effect => ({
    write: 'escalation',
    id: `esc_${plan.id.slice(3)}_1_2`,
    about: { installment: 1 },
    reason: 'insufficient_funds',
    code: 'insufficient_funds',
    amount: 10_000,
  })
  const escalationRow = (plan: { id: string }) => em().findOneOrFail(Escalations, { planId: plan.id })

  it('is a case with its history, changed and closed with it', async () => {
    const plan = await makePlan()
    await happens(plan, payment(plan).slice(0, 2))
    await happens(plan, [escalation(plan)])
    expect(await tellBrokers()).toBe(1)
    expect(await tellBrokers()).toBe(0)
    const { id, salesforceCaseId } = await escalationRow(plan)
    const [made] = await caseList()
    expect(made).toMatchObject({
      id: salesforceCaseId,
      external_id: id,
      fields: {
        Status: 'Escalated',
        Tenor_Amount__c: '100.00',
        Tenor_Plan_Id__c: plan.id,
        Tenor_Customer_Id__c: plan.customer,
      },
    })
    const { Subject, Description } = (made as { fields: Record<string, string> }).fields
    expect(Subject).toBe('Instalment 1 unpaid: $100.00 (insufficient funds)')
    expect(Description).toContain('Attempt 1: 2027-01-15T14:00:00Z, $100.00, succeeded')

    await happens(plan, [{ write: 'escalation_amount', id, amount: 4_000 }])
    const resolution = { action: 'mark_paid' as const, note: 'Ada paid in cash', reference: '42' }
    await happens(plan, [{ write: 'escalation_resolved', id, resolution }])
    await tellBrokers()
    const closed = await caseList()
    expect(closed).toMatchObject([{ id: salesforceCaseId, fields: { Status: 'Closed', Tenor_Amount__c: '40.00' } }])
    expect(JSON.stringify(closed)).not.toMatch(/Ada|cash|example\.com/)
    expect(await escalationRow(plan)).toMatchObject({ caseVersion: 3, caseLastError: null })
  })

  it('reaches Salesforce when it is back', async () => {
    const plan = await makePlan()
    await happens(plan, [escalation(plan)])
    await control(salesforce, 'POST', 'faults', { mode: 'error_500', path: '/sobjects/', count: 1 })
    await tellBrokers()
    expect(await escalationRow(plan)).toMatchObject({ caseVersion: 0, caseAttempts: 1, salesforceCaseId: null })
    expect(await tellBrokers()).toBe(0)
    expect(await tellBrokers({ now: later(60_000) })).toBe(1)
    expect(await escalationRow(plan)).toMatchObject({ caseVersion: 1, caseAttempts: 0, caseNextAttemptAt: null })
    expect(await caseList()).toHaveLength(1)
  })

  it('that changes while it is sent is sent again', async () => {
    const plan = await makePlan()
    await happens(plan, [escalation(plan)])
    const slow: Cases = {
      upsert: async (about) => {
        await happens(plan, [{ write: 'escalation_amount', id: about.externalId, amount: 1_000 }])
        return brokers.upsert(about)
      },
    }
    await tellBrokers({ cases: slow })
    expect(await escalationRow(plan)).toMatchObject({ version: 2, caseVersion: 1 })
    await tellBrokers()
    expect(await caseList()).toMatchObject([{ fields: { Tenor_Amount__c: '10.00' } }])
  })
})

describe('the outbox', () => {
  it('tells what comes up, and stops when what it has begun is done', async () => {
    const looked = new Set<string>()
    const onAge = (what: string) => void looked.add(what)
    const outbox = startOutbox({ em, mailer: letters, backOffice: BACK_OFFICE, cases: brokers, pollMs: 50, onAge })
    const plan = await makePlan()
    await happens(plan, [reminder()])
    while ((await rows())[0]?.status !== 'sent') await new Promise((resolve) => setTimeout(resolve, 20))
    await outbox.stop()
    expect([...looked]).toEqual(['notice', 'case', 'webhook'])
    await happens(plan, [reminder('after')])
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect((await rows()).map(({ status }) => status).sort()).toEqual(['queued', 'sent'])
  })

  it('goes on after the database has been away', async () => {
    const errors: unknown[] = []
    let failures = 2
    const flaky = () => (failures-- > 0 ? failing() : em())
    const sending = { mailer: letters, backOffice: BACK_OFFICE, cases: brokers }
    const options = { ...sending, pollMs: 50, onError: (error: unknown) => errors.push(error) }
    const outbox = startOutbox({ ...options, em: flaky })
    await happens(await makePlan(), [reminder()])
    while ((await rows())[0]?.status !== 'sent') await new Promise((resolve) => setTimeout(resolve, 20))
    await outbox.stop()
    expect(errors).toHaveLength(2)
  })
})

function failing(): never {
  throw new Error('connection refused')
}
