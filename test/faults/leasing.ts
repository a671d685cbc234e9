import { randomInt, randomUUID } from 'node:crypto'
import { withCheckDigit } from '../../domain/leasing/imei.ts'
import type { Chance } from '../simulation/random.ts'
import type { Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'
import type { FaultStack } from './fault-stack.ts'

/** Companies, stock and orders of those who lease while everything is broken, and what must hold of all of them together. */

const PRICE = 90_000

/** A model with so many units; its code. */
export async function newModel(stack: FaultStack, units: number): Promise<string> {
  const code = `phone-${randomUUID()}`
  const model = {
    code,
    name: 'Phone',
    manufacturer: 'Maker',
    price: PRICE,
    currency: 'USD',
    waiver_monthly_amount: 500,
  }
  await made(stack, '/device_models', model)
  for (let unit = 0; unit < units; unit += 1) {
    await made(stack, '/devices', {
      imei: withCheckDigit(`35${randomInt(10 ** 12)}`.padEnd(14, '0')),
      model_code: code,
    })
  }
  return code
}

export type Lessee = { client: string; employee: { id: string; email: string }; clock: string }

/** A company with a store on a clock of its own, and an employee of it who has a card. */
export async function newLessee(stack: FaultStack, now: string, store: object = {}): Promise<Lessee> {
  const { test_clock_id: clock = '' } = await made(stack, '/test_clocks', { frozen_time: now })
  const domain = `${randomUUID()}.example`
  const { client_id: client = '' } = await made(stack, '/clients', {
    name: 'Globex',
    email: `payroll@${domain}`,
    domains: [domain],
    payment_method: 'pm_card_visa',
    test_clock: clock,
    store: { payers: ['payroll', 'employee'], term_months: [2, 3, 6, 12], billing_day: 15, ...store },
  })
  const email = `ada@${domain}`
  const person = { name: 'Ada Obi', email, payment_method: 'pm_card_visa' }
  const { employee_id: id = '' } = await made(stack, `/clients/${client}/employees`, person)
  return { client, employee: { id, email }, clock }
}

async function made(stack: FaultStack, path: string, body: object): Promise<Record<string, string>> {
  const answer = await stack.insist('POST', path, body)
  if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** What is done with a lease beside what is done with every plan, by how likely it is. */
export const LEASE_DEEDS = {
  dispatched: 12,
  delivered: 20,
  out_of_stock: 4,
  exchange: 6,
  end_choice: 10,
  waiver: 4,
  check_in: 10,
  lost: 2,
  buy_out: 2,
  offboard: 2,
}
export type LeaseDeed = keyof typeof LEASE_DEEDS
type Request = [method: string, path: string, body?: object]

export async function leaseRequest(
  stack: FaultStack,
  chance: Chance,
  { id, employee, model }: { id: string; employee: string; model: string },
  deed: LeaseDeed,
): Promise<Request | null> {
  const step = (body: object = {}): Request => ['POST', `/leases/${id}/${deed}`, body]
  switch (deed) {
    case 'exchange':
      return step({ device_code: model })
    case 'end_choice':
      return step(chance.pick([{ choice: 'return' }, { choice: 'buy_out' }, { choice: 'extend', months: 2 }]))
    case 'lost':
      return step({ how: chance.pick(['lost', 'stolen']) })
    case 'waiver':
      return ['PATCH', `/leases/${id}`, { damage_waiver: true }]
    case 'offboard':
      return ['POST', `/employees/${employee}/offboard`, {}]
    case 'check_in': {
      const { body } = await stack.insist('GET', `/devices?model=${model}&status=maintenance`)
      const [unit] = (body?.data ?? []) as { device_id: string }[]
      return unit ? ['POST', `/devices/${unit.device_id}/check_in`, {}] : null
    }
    default:
      return step()
  }
}

// --- What must hold -------------------------------------------------------------------------------------------------

type Unit = { device_id: string; status: string; lease_id: string | null; held_until: string | null }
export type Lease = Plan & {
  lease_id: string
  lease: { unit: { device_id: string } | null; ended: { how: string } | null }
}

/** What is wrong with the stock as a whole: a unit is in one lease at most, in a status that fits, and nothing stays held. */
export async function stockViolations(tenor: Tenor): Promise<string[]> {
  const [units, leases] = [await tenor.all<Unit>('/devices'), await tenor.all<Lease>('/leases')]
  const holding = leases.filter(({ lease: { ended } }) => ended === null || ended.how === 'buy_out')
  return units.flatMap(({ device_id: id, status, lease_id, held_until }) => {
    const holders = holding.filter(({ lease }) => lease.unit?.device_id === id).map((one) => one.lease_id)
    const wanted = { reserved: [lease_id], leased: [lease_id], sold: holders.slice(0, 1) }[status] ?? []
    const told = `${id} is ${status} for ${lease_id}, and of ${holders.join(', ') || 'no lease'}`
    return [
      ...(JSON.stringify(holders) === JSON.stringify(wanted) ? [] : [told]),
      ...(held_until === null ? [] : [`${id} is still held for ${lease_id} until ${held_until}`]),
    ]
  })
}

/** Each finds what must not be, in words. */
const NEVER = [
  // What pay was asked for is a line of pay, one for one.
  `select coalesce(d.id, t.id) || ': a line of pay of ' || coalesce(d.amount::text, 'nothing') || ' for a movement of '
      || coalesce(t.amount::text, 'nothing') as wrong
    from payroll_deductions d full join
      (select id, plan_id, case type when 'refund' then -amount else amount end as amount from transactions
        where gateway = 'payroll' and status = 'succeeded') t on t.id = d.id and t.plan_id = d.plan_id
    where d.amount is distinct from t.amount`,
  // A statement says what its lines come to, and is charged by one plan.
  `select s.id || ': says ' || s.lines || ' lines of ' || s.lines_amount || ', has ' || count(d.id) || ' of '
      || coalesce(sum(d.amount), 0) as wrong
    from statements s left join payroll_deductions d on d.statement_id = s.id and d.client_id = s.client_id
    where s.status = 'closed' group by s.id having s.lines <> count(d.id) or s.lines_amount <> coalesce(sum(d.amount), 0)`,
  `select s.id || ': ' || s.status || ', owes ' || s.total || ' by ' || coalesce(p.id, 'no plan') as wrong
    from statements s left join plans p on p.id = s.plan_id
    where s.status <> 'closed' or (s.total > 0 and p.total_amount is distinct from s.total)`,
  // A lease that was delivered is listed as new once, and what is counted is what is listed.
  `select l.plan_id || ': delivered, and listed as new ' || count(c.id) || ' times' as wrong
    from leases l join events e on e.plan_id = l.plan_id and e.type = 'lease.delivered'
      left join lease_changes c on c.plan_id = l.plan_id and c.change = 'began'
    where l.payer = 'payroll' group by l.plan_id having count(c.id) <> 1`,
  `select s.id || ': counts ' || (s.counts ->> 'new') || ' new leases, lists ' || count(c.id) as wrong
    from statements s left join lease_changes c on c.statement_id = s.id and c.change = 'began'
    where s.status = 'closed' group by s.id having (s.counts ->> 'new')::int <> count(c.id)`,
  // A line that came after its period was closed is on the next one.
  `select d.id || ': on no statement, of ' || d.at as wrong from payroll_deductions d
    where d.statement_id is null and d.at < (select s.cut_off from statements s where s.client_id = d.client_id
      order by s.number desc offset 1 limit 1)`,
]

/** What is wrong with lines of pay and statements, in words. */
export async function payrollViolations(stack: FaultStack): Promise<string[]> {
  const found = await Promise.all(NEVER.map((sql) => stack.rows<{ wrong: string }>(sql)))
  return found.flat().map(({ wrong }) => wrong)
}
