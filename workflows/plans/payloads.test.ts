import { defaultPayloadConverter } from '@temporalio/common'
import { BODY_LIMIT } from '../../api/http/body.ts'
import { exampleLease } from '../../domain/leasing/example-lease.ts'
import { withLease } from '../../domain/leasing/lease.ts'
import { adjust } from '../../domain/plans/adjust.ts'
import { exampleTerms } from '../../domain/plans/example-plan.ts'
import { makePlan } from '../../domain/plans/make.ts'
import type { Installment, Plan } from '../../domain/plans/plan.ts'
import { MOST_INSTALLMENTS } from '../../domain/plans/schedule.ts'
import { payloadCodec } from '../../secrets/payload-codec.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import type { PlanStart } from './messages.ts'
import { unwritten, writtenAs } from './written.ts'

/** Temporal refuses a payload of 2 MB, and a plan that meets it is stuck: half of it is as far as one may get. */
const MOST_BYTES = 1_000_000

const AT = '2027-01-15T14:00:00Z'
const LONG = Number.MAX_SAFE_INTEGER
const ID = 'x'.repeat(32)
const REMEMBERED = 20

async function bytesOf(value: unknown): Promise<number> {
  const [payload] = await payloadCodec(TEST_KEYS).encode([defaultPayloadConverter.toPayload(value)])
  return (payload?.data?.length ?? 0) + JSON.stringify(payload?.metadata ?? {}).length
}

/** Everything of an instalment that can be said at once. */
function full(installment: Installment): Installment {
  const { number } = installment
  const transaction = `txn_${ID}_${number}_11`
  return {
    ...installment,
    amount: 10_000_000,
    paid: 9_999_999,
    status: 'escalated',
    open: {
      ...{ by: 'charge', attempt: 11, cause: 'payment_method', transaction, amount: 10_000_000 },
      ...{ paymentMethod: { id: 'p'.repeat(255), type: 'us_bank_account' }, before: 'escalated', state: 'processing' },
      pollAt: AT,
    },
    openLink: { transaction, amount: 10_000_000, pollAt: AT },
    attempts: 11,
    firstTriedOn: '2027-01-15',
    triedOn: '2027-01-15',
    retries: 10,
    retryOn: '2027-01-15',
    extra: 'payment_method',
    escalation: `esc_${ID}_${number}_11`,
    reminded: true,
    atOnce: AT,
  }
}

const terms = (count: number) => exampleTerms({ count, termMonths: count, reminderDays: 60 })

/** A lease, as it has the most beside it, with so many instalments. */
function lease(count: number): Plan {
  const { plan } = exampleLease({ ...terms(count), total: count * 10_000 })
  return { ...withLease(plan, { asked: [30, 7] }), id: `ls_${ID}`, lifecycle: 'active' }
}

function grown(): Plan {
  const plan = lease(MOST_INSTALLMENTS)
  const { answer } = adjust(plan, { totalAmount: plan.total + 100 }, AT)
  const handled = Array.from({ length: REMEMBERED }, (_, k) => ({ id: `cmd_${ID}_${k}`, answer }))
  return { ...plan, total: LONG, installments: plan.installments.map(full), handled }
}

describe('what a workflow of a plan is given stays far from what Temporal takes', () => {
  it('the start, of the longest body that the API takes', async () => {
    const { plan, effects } = makePlan({
      ...{ id: `pt_${ID}`, tenant: 't'.repeat(255), kind: 'financing', customer: 'c'.repeat(255) },
      ...{ terms: terms(120), total: 120_000_000, paymentMethod: { id: 'p'.repeat(255), type: 'card' } },
      ...{ clock: null, now: AT },
    })
    const opening = { request: { whole: 'é'.repeat(BODY_LIMIT / 2) }, requestId: ID, by: ID, effects }
    const start: PlanStart = { plan, opening }
    const bytes = await bytesOf(start)
    expect(bytes).toBeGreaterThan(BODY_LIMIT)
    expect(bytes).toBeLessThan(MOST_BYTES)
  })

  it('a command, of the longest body', async () => {
    expect(await bytesOf({ id: ID, by: ID, ...{ reason: 'é'.repeat(BODY_LIMIT / 2) } })).toBeLessThan(MOST_BYTES)
  })

  it(`what is carried on of ${MOST_INSTALLMENTS} instalments in every state at once`, async () => {
    const start: PlanStart = { plan: grown(), opening: null }
    const bytes = await bytesOf(start)
    expect(bytes).toBeLessThan(MOST_BYTES)
  })

  it('what is carried on while a broker has every one of ten years tried again, with the longest notes', async () => {
    const askedBy = { note: '鈴'.repeat(2_000), by: ID }
    const plan = lease(120)
    const installments = plan.installments.map((installment) => ({ ...full(installment), askedBy }))
    const start: PlanStart = { plan: { ...plan, installments }, opening: null }
    expect(await bytesOf(start)).toBeLessThan(MOST_BYTES)
  })

  it(`a change of all ${MOST_INSTALLMENTS} instalments, told to employee and employer with the schedules`, async () => {
    const plan = lease(MOST_INSTALLMENTS)
    const { plan: next, effects } = adjust(plan, { totalAmount: plan.total + 60_000_000 }, AT)
    const change = unwritten(next, writtenAs(plan), effects, AT)
    expect(change?.installments).toHaveLength(MOST_INSTALLMENTS)
    const bytes = await bytesOf(change)
    expect(bytes).toBeLessThan(MOST_BYTES)
  })
})
