import { CSV_HEADER, csvLine, type StatementLine } from './statement-lines.ts'

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

describe('a line as CSV', () => {
  it('has a cell for each column, quoted where it must be, and amounts as numbers', () => {
    expect(csvLine(line, 'USD')).toBe(
      'emp_1,Amara Okafor,ls_a,"Phone 12""",4,Given back by pay,2027-04-15,-83.33,USD,txn_a_4_1\r\n',
    )
    expect(csvLine(line, 'USD').split(',')).toHaveLength(CSV_HEADER.split(',').length)
    expect(csvLine({ ...line, amount: 1250, installment: null, employeeName: null }, 'KWD')).toContain('emp_1,,ls_a')
    expect(csvLine({ ...line, amount: 1250 }, 'KWD')).toContain(',1.250,KWD,')
    expect(csvLine({ ...line, amount: 5000 }, 'UGX')).toContain(',5000,UGX,')
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '=HYPERLINK("http://x","y")'])(
    'never has %j computed by a spreadsheet',
    (employeeName) => {
      const text = csvLine({ ...line, employeeName }, 'USD')
      expect(text).toMatch(/^emp_1,"?'/)
      expect(csvLine({ ...line, device: employeeName }, 'USD')).toMatch(/,ls_a,"?'/)
    },
  )

  it('keeps a line break within its cell', () => {
    expect(csvLine({ ...line, employeeName: 'Zoë\r\nBlack' }, 'USD')).toContain('"Zoë\r\nBlack"')
  })
})
