import { type StatementLease, type StatementLine, statementTable } from './statement-lines.ts'

const line: StatementLine = {
  id: 'txn_a_4_1',
  employee: 'emp_1',
  employeeName: 'Amara Okafor',
  lease: 'ls_a',
  device: 'Phone 12"',
  installment: 4,
  amount: -8333,
  description: 'Given back by pay',
  date: '2027-04-15',
  at: '2027-04-15T13:00:00Z',
}

const lease: StatementLease = {
  change: 'changed',
  employee: 'emp_1',
  employeeName: 'Amara Okafor',
  lease: 'ls_a',
  model: 'tablet',
  device: 'Tablet',
  previousDevice: '=Phone',
  monthly: 12_000,
  previousMonthly: 10_050,
  how: null,
  since: '2027-04-20',
}

async function tableOf(lines: StatementLine[], leases: StatementLease[], currency = 'USD'): Promise<string[]> {
  const batches = async function* <Row>(rows: Row[]) {
    yield rows
  }
  let text = ''
  for await (const part of statementTable(batches(lines), batches(leases), currency)) text += part
  return text.split(/\r\n(?=[a-z]|$)/)
}
const lineAs = async (change: Partial<StatementLine>, currency?: string) =>
  (await tableOf([{ ...line, ...change }], [], currency))[1] ?? ''

describe('a statement as CSV', () => {
  it('has a cell of a line for each column, quoted where it must be, and amounts as numbers', async () => {
    const [head, row] = await tableOf([line], [])
    expect(row).toBe(
      'emp_1,Amara Okafor,ls_a,"Phone 12""",4,Given back by pay,2027-04-15,-83.33,USD,txn_a_4_1,line,,,,,',
    )
    expect(row?.split(',')).toHaveLength(head?.split(',').length ?? 0)
    expect(await lineAs({ amount: 1250, installment: null, employeeName: null }, 'KWD')).toContain('emp_1,,ls_a')
    expect(await lineAs({ amount: 1250 }, 'KWD')).toContain(',1.250,KWD,')
    expect(await lineAs({ amount: 5000 }, 'UGX')).toContain(',5000,UGX,')
  })

  it('lists leases after the lines, with their months where nobody adds them up', async () => {
    const began = { ...lease, change: 'began' as const, previousDevice: null, previousMonthly: null }
    const ended = {
      ...began,
      change: 'ended' as const,
      monthly: null,
      previousMonthly: 12_000,
      how: 'transfer' as const,
    }
    const [head, , ...rows] = await tableOf([line], [began, lease, ended])
    const start = (what: string) => `emp_1,Amara Okafor,ls_a,Tablet,,${what} lease,2027-04-20,,USD,,`
    expect(rows).toEqual([
      `${start('New')}new,tablet,120.00,,,`,
      `${start('Changed')}changed,tablet,120.00,100.50,'=Phone,`,
      `${start('Ended')}ended,tablet,,120.00,,transfer`,
      '',
    ])
    for (const row of rows.slice(0, 3)) expect(row.split(',')).toHaveLength(head?.split(',').length ?? 0)
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '=HYPERLINK("http://x","y")'])(
    'never has %j computed by a spreadsheet',
    async (employeeName) => {
      expect(await lineAs({ employeeName })).toMatch(/^emp_1,"?'/)
      expect(await lineAs({ device: employeeName })).toMatch(/,ls_a,"?'/)
    },
  )

  it('keeps a line break within its cell', async () => {
    expect(await lineAs({ employeeName: 'Zoë\r\nBlack' })).toContain('"Zoë\r\nBlack"')
  })
})
