import { randomInt } from 'node:crypto'
import type { z } from 'zod'
import type { LeasePart } from '../../api/leasing/leases/shapes.ts'
import type { Statement } from '../../api/leasing/statements/shapes.ts'
import type { Device } from '../../api/leasing/stock/shapes.ts'
import { withCheckDigit } from '../../domain/leasing/imei.ts'
import { statementsWorkflowId } from '../../workflows/leasing/statement-messages.ts'
import { planWorkflowId } from '../../workflows/plans/messages.ts'
import type { Member, PlanAnswer, Told } from './cast.ts'
import { all } from './http.ts'
import { leaseInWords, statementInWords } from './lease-words.ts'
import type { Stage } from './stage.ts'
import { waitFor } from './waiting.ts'

export type LeaseAnswer = Omit<PlanAnswer, 'payment_terms_id'> & { lease_id: string; lease: z.infer<typeof LeasePart> }
export type StatementAnswer = z.infer<typeof Statement>
export type DeviceAnswer = z.infer<typeof Device>

const NAME = 'Birch & Co.'
const WHO = 'Birch'
const TIMEZONE = 'America/New_York'
const CURRENCY = 'USD'
const MONTHS = 12
const OFFICE = 'Office'

/** A company whose employees lease, and the devices in its store. Each play has codes and addresses of its own. */
export type Company = {
  client: string
  /** Of its admin. */
  email: string
  /** Codes of models by their names. */
  codes: Map<string, string>
  employees: Map<string, { id: string; email: string }>
  /** Statements that are charged, by the id of the plan which does that. */
  statements: Map<string, StatementAnswer>
  says(told: Told): Promise<void>
  /** What our own back office does. */
  officeSays(told: Told): Promise<void>
  order(name: string, model: string): Promise<Member>
}

export type Model = { name: string; price: number; units: number }

/** Takes the stock in and opens the store; from then on its leases and statements are told of. */
export async function openCompany(stage: Stage, models: Model[], people: string[]): Promise<Company> {
  const tag = String(randomInt(1e7)).padStart(7, '0')
  const codes = new Map(models.map(({ name }) => [name, `${name.toLowerCase().replaceAll(' ', '-')}-${tag}`]))
  await takeIn(stage, models, codes, tag)
  const domain = `birch-${tag}.example`
  const admin = `payroll@${domain}`
  const { client_id: client } = await stage.api.post<{ client_id: string }>('/clients', {
    ...{ name: NAME, email: admin, domains: [domain], timezone: TIMEZONE, currency: CURRENCY },
    ...{ statement: { period: 'monthly', day: 1 }, payment_method: 'pm_card_visa', test_clock: stage.clock },
    store: {
      ...{ models: [...codes.values()], term_months: [MONTHS], billing_day: 15, residual_percent: 10 },
      ...{ cancellation_terms: { type: 'pro_rata' }, offboarding: 'return' },
    },
  })
  const emails = people.map((name) => `${name.toLowerCase().replaceAll(' ', '.')}@${domain}`)
  const csv = people.map((name, k) => `${name},${emails[k]}`)
  await stage.api.csv(`/clients/${client}/employees/import`, ['name,email', ...csv].join('\n'))
  type Employee = { employee_id: string; name: string; email: string }
  const known = await all<Employee>(stage.api, `/clients/${client}/employees?`)
  const employees = new Map(known.map(({ employee_id: id, name, email }) => [name, { id, email }]))
  const voice = { email: admin, customer: client, planId: '', path: '', currency: CURRENCY, timezone: TIMEZONE }
  const saying = (who: string) => (told: Told) =>
    stage.tell({ ...voice, who, workflowUrl: '', inWords: () => null }, told)
  const statements = new Map<string, StatementAnswer>()
  const company = { client, email: admin, codes, employees, statements, says: saying(WHO), officeSays: saying(OFFICE) }
  stage.watch(() => joinStatements(stage, company))
  return { ...company, order: (name, model) => order(stage, company, name, model) }
}

async function takeIn({ api }: Stage, models: Model[], codes: Map<string, string>, tag: string): Promise<void> {
  const about = { manufacturer: 'Fjord', currency: CURRENCY }
  for (const { name, price } of models)
    await api.post('/device_models', { ...about, code: codes.get(name), name, price })
  const units = models.flatMap(({ name, units }) => Array.from({ length: units }, () => codes.get(name)))
  const lines = units.map((code, k) => `${withCheckDigit(`35${tag}${String(k).padStart(5, '0')}`)},${code}`)
  await api.csv('/devices/import', ['imei,model_code', ...lines].join('\n'))
}

async function order(
  stage: Stage,
  { employees, codes }: Pick<Company, 'employees' | 'codes'>,
  name: string,
  model: string,
): Promise<Member> {
  const employee = employees.get(name)
  if (!employee) throw new Error(`${name} is nobody of the company.`)
  const body = { employee_id: employee.id, device_code: codes.get(model), term_months: MONTHS, payer: 'payroll' }
  const lease = await stage.api.post<LeaseAnswer>('/leases', body)
  const member: Member = {
    ...{ who: name.split(' ')[0] ?? name, email: employee.email, customer: employee.id, planId: lease.lease_id },
    ...{ path: `/leases/${lease.lease_id}`, currency: lease.currency, timezone: lease.timezone },
    workflowUrl: lease.workflow.ui_url,
    inWords: (event) => leaseInWords(event, { device: model, currency: CURRENCY, months: MONTHS }),
  }
  await stage.join(member)
  return member
}

/** Those that are charged since it was last looked. */
async function joinStatements(stage: Stage, company: Pick<Company, 'client' | 'email' | 'statements'>) {
  const { client, email, statements } = company
  for (const statement of (await all<StatementAnswer>(stage.api, `/clients/${client}/statements?`)).reverse()) {
    const plan = statement.payment?.plan_id
    if (!plan || statements.has(plan)) continue
    statements.set(plan, statement)
    const { pdf } = await filesOf(stage, company, statement)
    stage.members.push({
      ...{ who: WHO, email, customer: client, planId: plan, path: `/statements/${statement.statement_id}` },
      ...{ currency: CURRENCY, timezone: TIMEZONE },
      workflowUrl: besides(stage, planWorkflowId({ id: plan, kind: 'statement' })),
      last: 'plan.completed',
      inWords: (event) => statementInWords(event, { number: statement.number, lines: statement.line_count, pdf }),
    })
  }
}

export const statementsUrl = (stage: Stage, client: string) => besides(stage, statementsWorkflowId(client))

/** The page of a workflow beside that of a lease. */
function besides({ members }: Stage, workflow: string): string {
  const url = members[0]?.workflowUrl ?? ''
  return `${url.slice(0, url.lastIndexOf('/') + 1)}${encodeURIComponent(workflow)}`
}

/** What is attached to the letter of a statement. */
export async function filesOf(
  stage: Stage,
  { client, email }: Pick<Company, 'client' | 'email'>,
  { statement_id: id }: StatementAnswer,
) {
  type Notification = { notification_id: string; statement_id: string | null }
  const found = await waitFor(`the notice of statement ${id}`, async () =>
    (await all<Notification>(stage.api, `/notifications?type=statement.closed&customer_id=${client}`)).find(
      ({ statement_id }) => statement_id === id,
    ),
  )
  const { page, attached } = await stage.sandboxes.letter(found.notification_id, email)
  const [pdf = '', csv = ''] = attached
  return { page, pdf, csv }
}
