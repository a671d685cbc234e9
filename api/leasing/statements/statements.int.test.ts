import { extractText, getDocumentProxy } from 'unpdf'
import { addCustomer } from '../../../db/customers/people.ts'
import { closeStatement, openStatement, putLeaseChanges, putLines } from '../../../db/leasing/close-statement.ts'
import { Installments } from '../../../db/plans/installments.ts'
import { inTenant } from '../../../db/tenancy/scope.ts'
import { openPeriod, sinceEndOf } from '../../../domain/leasing/statements.ts'
import { newInstallment } from '../../../domain/plans/schedule.ts'
import { type ApiWorld, startApiWorld, tokenOf } from '../../../test/support/api-world.ts'
import { addClient, addDeductions, addLeaseChanges, addLeases, MONTHLY } from '../../../test/support/leasing.ts'

const FEBRUARY = openPeriod({ date: '2027-02-01', at: '2027-02-01T05:00:00Z' }, MONTHLY)
const MARCH = openPeriod(sinceEndOf(FEBRUARY), MONTHLY)
const LEASES = 120
const GLOBEX = { id: 'cli_globex', tenant: 'acme' }

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld({ worker: false })
  const em = () => world.orm.em.fork()
  await addClient(em(), { id: GLOBEX.id })
  await addClient(em(), { id: 'cli_hooli', name: 'Hooli' })
  await addLeases(em(), { client: GLOBEX.id, prefix: 'globex', count: LEASES, employees: 50 })
  const at = '2027-01-01T00:00:00Z'
  const person = { tenantId: 'acme', phone: null, locale: null, gatewayCustomerId: null, defaultPaymentMethod: null }
  const amara = { id: 'emp_globex_1', name: '=Amara Dvořák', email: 'amara@example.com', createdAt: at, updatedAt: at }
  await addCustomer(em(), { ...person, ...amara })
  await addDeductions(em(), { prefix: 'globex', count: LEASES, number: 1, amount: 8_333, at: '2027-02-10T14:00:00Z' })
  await addDeductions(em(), { prefix: 'globex', count: 1, number: 9, amount: -1_000, at: '2027-02-11T14:00:00Z' })
  await addLeaseChanges(em(), [
    { lease: 'ls_globex_1', change: 'began', at: '2027-02-03T14:00:00Z', monthly: 8_333 },
    { lease: 'ls_globex_2', change: 'began', at: '2027-02-04T14:00:00Z', monthly: 8_333 },
    {
      ...{
        lease: 'ls_globex_2',
        change: 'changed',
        at: '2027-02-20T14:00:00Z',
        monthly: 9_000,
        previousMonthly: 8_333,
      },
      ...{ device: 'Tablet 10', previousDevice: 'Phone 12' },
    },
    { lease: 'ls_globex_3', change: 'ended', at: '2027-02-05T14:00:00Z', previousMonthly: 8_333, how: 'transfer' },
  ])
  await inTenant('acme', async () => {
    const { id } = await openStatement(world.workerOrm.em.fork(), GLOBEX, FEBRUARY, FEBRUARY.cutOff)
    await putLines(world.workerOrm.em.fork(), id, 1_000)
    await putLeaseChanges(world.workerOrm.em.fork(), id, 1_000)
    await closeStatement(world.workerOrm.em.fork(), id, FEBRUARY.cutOff)
    await openStatement(world.workerOrm.em.fork(), GLOBEX, MARCH, MARCH.cutOff)
  })
}, 120_000)
afterAll(async () => world?.close())

const of = (role: 'client_admin' | 'employee' | 'broker' | 'agent' | 'admin', more: object = {}) =>
  tokenOf({ sub: role, roles: [role], client: null, ...more })
const ID = 'st_globex_1'

describe('statements', () => {
  it('of a client are listed, newest first, and shown with what they come to', async () => {
    const { body } = await world.ask('GET', '/clients/cli_globex/statements')
    expect(body.data.map((one: { number: number; status: string }) => [one.number, one.status])).toEqual([
      [2, 'closing'],
      [1, 'closed'],
    ])
    const total = LEASES * 8_333 - 1_000
    const { body: one, headers } = await world.ask('GET', `/statements/${ID}`)
    expect(one).toMatchObject({
      statement_id: ID,
      client_id: 'cli_globex',
      period_start: '2027-02-01',
      period_end: '2027-02-28',
      cut_off: '2027-03-01T05:00:00Z',
      line_count: LEASES + 1,
      lines_amount: total,
      total_amount: total,
      counts: { new_leases: 2, changed_leases: 1, ended_leases: 1, credits: 1 },
      payment: null,
      pdf_url: `/statements/${ID}.pdf`,
    })
    const etag = String(headers.etag)
    expect((await world.ask('GET', `/statements/${ID}`, { headers: { 'if-none-match': etag } })).status).toBe(304)
  })

  it('have their lines in pages, each once', async () => {
    const found: { line_id: string; amount: number; employee_name: string | null }[] = []
    for (let cursor = ''; ; ) {
      const { body } = await world.ask('GET', `/statements/${ID}/lines?limit=50${cursor}`)
      found.push(...body.data)
      if (body.next_cursor === null) break
      cursor = `&cursor=${body.next_cursor}`
    }
    expect(new Set(found.map(({ line_id }) => line_id)).size).toBe(LEASES + 1)
    expect(found.reduce((sum, { amount }) => sum + amount, 0)).toBe(LEASES * 8_333 - 1_000)
    expect(found[0]).toMatchObject({ employee_id: 'emp_globex_1', employee_name: '=Amara Dvořák', device: 'phone-12' })
    expect((await world.ask('GET', `/statements/${ID}/lines?cursor=nonsense`)).status).toBe(400)
  })

  it('list the leases that are new, changed and ended, in pages', async () => {
    const first = await world.ask('GET', `/statements/${ID}/leases?limit=3`)
    const second = await world.ask('GET', `/statements/${ID}/leases?limit=3&cursor=${first.body.next_cursor}`)
    const lease = (n: number, device = 'phone-12') => ({
      ...{ lease_id: `ls_globex_${n}`, employee_id: `emp_globex_${n}`, device_code: 'phone-12', device },
      employee_name: n === 1 ? '=Amara Dvořák' : null,
    })
    const nothing = { previous_device: null, previous_monthly_amount: null, ended_by: null }
    expect([...first.body.data, ...second.body.data]).toEqual([
      { ...lease(1), ...nothing, change: 'new', since: '2027-02-03', monthly_amount: 8_333 },
      { ...lease(2), ...nothing, change: 'new', since: '2027-02-04', monthly_amount: 8_333 },
      {
        ...{ ...lease(2, 'Tablet 10'), change: 'changed', since: '2027-02-20', monthly_amount: 9_000, ended_by: null },
        ...{ previous_device: 'Phone 12', previous_monthly_amount: 8_333 },
      },
      {
        ...{ ...lease(3), change: 'ended', since: '2027-02-05', monthly_amount: null, ended_by: 'transfer' },
        ...{ previous_device: null, previous_monthly_amount: 8_333 },
      },
    ])
    expect(second.body.next_cursor).toBeNull()
    expect((await world.ask('GET', `/statements/${ID}/leases?cursor=nonsense`)).status).toBe(400)
  })

  it('are there as a table in which nothing is computed', async () => {
    const { status, headers, text } = await world.ask('GET', `/statements/${ID}.csv`)
    expect([status, headers['content-type'], headers['content-disposition']]).toEqual([
      200,
      'text/csv; charset=utf-8',
      `attachment; filename="${ID}.csv"`,
    ])
    const rows = text.trimEnd().split('\r\n')
    expect(rows).toHaveLength(LEASES + 2 + 4)
    expect(rows.slice(-4)).toEqual([
      "emp_globex_1,'=Amara Dvořák,ls_globex_1,phone-12,,New lease,2027-02-03,,USD,,new,phone-12,83.33,,,",
      'emp_globex_2,,ls_globex_2,phone-12,,New lease,2027-02-04,,USD,,new,phone-12,83.33,,,',
      'emp_globex_2,,ls_globex_2,Tablet 10,,Changed lease,2027-02-20,,USD,,changed,phone-12,90.00,83.33,Phone 12,',
      'emp_globex_3,,ls_globex_3,phone-12,,Ended lease,2027-02-05,,USD,,ended,phone-12,,83.33,,transfer',
    ])
    expect(rows.some((row) => /^emp_globex_1,'=Amara Dvořák,ls_globex_1,phone-12,1,/.test(row))).toBe(true)
    expect(rows.some((row) => row.includes(',-10.00,USD,'))).toBe(true)
  })

  it('are there as a PDF of numbered pages, with what each employee comes to', async () => {
    const { statusCode, rawPayload, headers } = await world.app.inject({
      url: `/statements/${ID}.pdf`,
      headers: { authorization: `Bearer ${tokenOf()}` },
    })
    expect([statusCode, headers['content-type']]).toEqual([200, 'application/pdf'])
    const pdf = await getDocumentProxy(new Uint8Array(rawPayload))
    const { text, totalPages } = await extractText(pdf, { mergePages: true })
    const words = text.replace(/\s+/g, ' ')
    expect(totalPages).toBeGreaterThan(4)
    for (const page of [1, totalPages]) expect(words).toContain(`Page ${page} of ${totalPages}`)
    for (const said of [
      'Statement 1',
      'Globex Inc. (cli_globex)',
      'February 1, 2027 to February 28, 2027',
      `To pay USD ${((LEASES * 8_333 - 1_000) / 100).toLocaleString('en-US', { minimumFractionDigits: 2 })}`,
      'Total of =Amara Dvorák',
      '-USD 10.00',
      '2 new, 1 changed, 1 ended',
      'ls_globex_1 phone-12 New 2027-02-03 USD 83.33',
      'ls_globex_2 Tablet 10 (was Phone 12) Changed 2027-02-20 USD 83.33 USD 90.00',
      'ls_globex_3 phone-12 Ended: paid by the employee 2027-02-05 USD 83.33',
    ])
      expect(words).toContain(said)
  })

  it('that are being closed are no files yet', async () => {
    for (const kind of ['pdf', 'csv']) {
      const { status, body } = await world.ask('GET', `/statements/st_globex_2.${kind}`)
      expect([status, body.code]).toEqual([409, 'statement_closing'])
    }
    expect((await world.ask('GET', '/statements/st_globex_2')).body).toMatchObject({ status: 'closing', pdf_url: null })
  })
})

describe('what a payroll is to take', () => {
  it('is what was and what will be deducted in the month, by employee', async () => {
    const row = (number: number, dueDate: string, status: 'scheduled' | 'paid') => ({
      ...{ planId: 'ls_globex_3', tenantId: 'acme', number, dueDate, dueAt: `${dueDate}T14:00:00Z`, amount: 8_333 },
      ...{ paidAmount: status === 'paid' ? 8_333 : 0, status, refundedAmount: 0 },
      state: { ...newInstallment(number, dueDate, 8_333), status, paid: status === 'paid' ? 8_333 : 0 },
    })
    await world.orm.em
      .fork()
      .insertMany(Installments, [
        row(1, '2027-02-10', 'paid'),
        row(2, '2027-02-27', 'scheduled'),
        row(3, '2027-03-10', 'scheduled'),
      ])
    const { body } = await world.ask('GET', '/clients/cli_globex/payroll_deductions?month=2027-02&limit=100')
    expect(body).toMatchObject({ client_id: 'cli_globex', month: '2027-02', currency: 'USD', next_cursor: null })
    const byId = new Map(body.data.map((one: { employee_id: string }) => [one.employee_id, one]))
    expect(byId.size).toBe(50)
    expect(byId.get('emp_globex_1')).toMatchObject({ accrued_amount: 3 * 8_333 - 1_000, scheduled_amount: 0 })
    expect(byId.get('emp_globex_3')).toMatchObject({ accrued_amount: 3 * 8_333, scheduled_amount: 8_333 })
    const march = await world.ask('GET', '/clients/cli_globex/payroll_deductions?month=2027-03')
    expect(march.body.data).toMatchObject([
      { employee_id: 'emp_globex_3', accrued_amount: 0, lines: [{ installment_number: 3, status: 'scheduled' }] },
    ])
  })

  it('comes in pages, and for a month that is one', async () => {
    const first = await world.ask('GET', '/clients/cli_globex/payroll_deductions?month=2027-02&limit=30')
    const next = `/clients/cli_globex/payroll_deductions?month=2027-02&limit=30&cursor=${first.body.next_cursor}`
    const second = await world.ask('GET', next)
    const ids = [...first.body.data, ...second.body.data].map(({ employee_id }: { employee_id: string }) => employee_id)
    expect(new Set(ids).size).toBe(50)
    for (const month of ['2027-13', '2027-1', 'now', '']) {
      const { status } = await world.ask('GET', `/clients/cli_globex/payroll_deductions?month=${month}`)
      expect([month, status]).toEqual([month, 400])
    }
  })
})

describe('who may see them', () => {
  const urls = [
    '/clients/cli_globex/statements',
    '/clients/cli_globex/payroll_deductions',
    `/statements/${ID}`,
    `/statements/${ID}/lines`,
    `/statements/${ID}/leases`,
    `/statements/${ID}.pdf`,
    `/statements/${ID}.csv`,
  ]
  it.each(urls)('%s: ours and the admin of the company, nobody else', async (url) => {
    const status = async (token: string) => (await world.ask('GET', url, { token })).status
    expect(await status(of('admin'))).toBe(200)
    expect(await status(of('agent'))).toBe(200)
    expect(await status(of('client_admin', { client: 'cli_globex' }))).toBe(200)
    expect(await status(of('client_admin', { client: 'cli_hooli' }))).toBe(404)
    expect(await status(of('admin', { tenant: 'rival' }))).toBe(404)
    expect(await status(of('employee', { customer: 'emp_globex_1', client: 'cli_globex' }))).toBe(403)
    expect(await status(of('broker'))).toBe(403)
  })
})
