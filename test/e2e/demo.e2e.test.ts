import { spawn } from 'node:child_process'
import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import { sharedStack } from '../support/stack.ts'

/** The demo as people run it: a process of its own, on a stack that is up already. */
async function runDemo(...options: string[]): Promise<{ code: number | null; output: string }> {
  const { home } = sharedStack()
  const child = spawn(process.execPath, ['workers/demo/main.ts', '--home', home, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output }
}

describe('npm run demo', () => {
  let tenor: Tenor
  let output: string
  let ids: string[]

  beforeAll(async () => {
    tenor = await sharedTenor()
    const run = await runDemo('--fast', '--exit')
    output = run.output
    if (run.code !== 0) throw new Error(`It ended with ${run.code}:\n${output}`)
    ids = [...new Set([...output.matchAll(/payment-terms-(pt_\w+)/g)].map(([, id]) => id ?? ''))]
  }, 240_000)

  it('tells the whole story, in order', () => {
    const told = [
      '15 Jan 2027 Ada Home: quoted 11 × $83.33, $83.37 $1,000.00',
      '10 Feb 2027 Dev The bank takes instalment 1 back, insufficient funds: tried again on 11 Feb 2027 $150.00',
      '12 Feb 2027 Dev Instalment 1 of 4 is paid after all $150.00',
      '15 Mar 2027 Ada Instalment 3 of 12 is declined, insufficient funds: tried again on 16 Mar 2027 $83.33',
      '16 Mar 2027 Ada Instalment 3 of 12 is paid after all $83.33',
      '1 Apr 2027 Bruno Instalment 3 of 12 is declined, insufficient funds, for the last time $200.00',
      '1 Apr 2027 Bruno Instalment 3 of 12 is escalated: a broker has a case',
      '2 Apr 2027 Bruno Instalment 3 of 12 is paid after all $200.00',
      '5 Apr 2027 Clara Preview: 8 × $133.33, $133.36 to come $1,200.00',
      '5 Apr 2027 Clara The total goes from $1,200.00 to $1,500.00',
      '25 Apr 2027 Emma Quoted after 100 of 365 days: $328.77 earned, $87.12 penalty, to be refunded $184.11',
      '25 Apr 2027 Emma The refund has been paid $184.11',
      'All $0.00 $5,915.89 -$5,828.77 -$87.12 $0.00 $5,915.89',
      'A year in ',
    ]
    const text = output.replace(/\s+/g, ' ')
    expect(told.filter((line) => text.includes(line))).toEqual(told)
    const places = told.map((line) => text.indexOf(line))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('leaves five plans as the rules say', async () => {
    const plans = await Promise.all(ids.map((id) => tenor.plan(id)))
    const ends = plans.map((plan) => [plan.status, plan.total_amount, plan.paid_amount, plan.refunded_amount])
    expect(ends).toEqual([
      ['completed', 100_000, 100_000, 0],
      ['completed', 240_000, 240_000, 0],
      ['completed', 150_000, 150_000, 0],
      ['completed', 60_000, 60_000, 0],
      ['canceled', 120_000, 60_000, 18_411],
    ])
    expect(plans.every((plan) => plan.outstanding_amount === 0)).toBe(true)
    expect(plans[4]?.cancellation).toMatchObject({
      used_days: 100,
      term_days: 365,
      earned_amount: 32_877,
      penalty_amount: 8_712,
    })
  })

  it('leaves books that balance, with a receipt for everything paid and refunded', async () => {
    for (const id of ids) {
      const entries = await tenor.all<{ postings: { amount: number }[] }>(`/payment_terms/${id}/ledger`)
      const amounts = entries.flatMap(({ postings }) => postings.map(({ amount }) => amount))
      expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(0)
    }
    const receipts = await Promise.all(ids.map((id) => tenor.all(`/payment_terms/${id}/receipts`)))
    expect(receipts.map(({ length }) => length)).toEqual([12, 12, 12, 5, 6])
  })
})

describe('npm run demo -- leasing', () => {
  let output: string

  beforeAll(async () => {
    const run = await runDemo('leasing', '--fast', '--exit')
    output = run.output.replace(/https?:\/\/\S+/g, '').replace(/\s+/g, ' ')
    if (run.code !== 0) throw new Error(`It ended with ${run.code}:\n${run.output}`)
  }, 300_000)

  it('tells the whole year, in order', () => {
    const told = [
      '4 Jan 2027 Office 3 Orbit 8 and 1 Slate 11 are taken in',
      '4 Jan 2027 Birch The store is open',
      '4 Jan 2027 Olga Slate 11 is not to be had: the order is ended, nothing is owed',
      '4 Jan 2027 Olga Orbit 8 is ordered $864.00',
      '11 Jan 2027 Olga Orbit 8 has arrived: the term begins',
      '1 Feb 2027 Birch Statement 1 is closed: 3 lines, sent as PDF and CSV $216.00',
      '1 Feb 2027 Birch Statement 1 is paid by the company $216.00',
      '1 Apr 2027 Birch Statement 3 bounces, insufficient funds: tried again the day after $216.00',
      '2 Apr 2027 Birch Statement 3 is paid by the company $216.00',
      '3 Jun 2027 Olga Slate 11, previewed: a month from now on $90.00',
      '3 Jun 2027 Olga The total goes from $864.00 to $990.00; payroll is told',
      '20 Aug 2027 Noah The lease is ended early, and the device comes back',
      '20 Aug 2027 Noah Given back with the pay $52.87',
      '1 Sep 2027 Birch Statement 8 is closed: 4 lines, sent as PDF and CSV $181.13',
      '13 Dec 2027 Mia Asked what is to come, chooses: buy out',
      '11 Jan 2028 Mia The residual value comes off pay $96.00',
      '1 Feb 2028 Birch Statement 13 is paid by the company $96.00',
      'A year in ',
    ]
    expect(told.filter((line) => output.includes(line))).toEqual(told)
    const places = told.map((line) => output.indexOf(line))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('ends with books in which payroll is nothing over all, cash is what Stripe holds, and every unit has its place', () => {
    expect(output).toContain('Plan receivable cash payroll income sum at Stripe')
    for (const row of [
      'Mia, Orbit 8 completed $0.00 $0.00 $960.00 -$960.00 $0.00 $0.00',
      'Noah, Orbit 8 canceled $0.00 $0.00 $523.13 -$523.13 $0.00 $0.00',
      'Olga, Slate 11 terminated $0.00 $0.00 $0.00 $0.00 $0.00 $0.00',
      'Olga, Slate 11 completed $0.00 $0.00 $990.00 -$990.00 $0.00 $0.00',
      'Statement 3 completed $0.00 $216.00 -$216.00 $0.00 $0.00 $216.00',
      'All $0.00 $2,473.13 $0.00 -$2,473.13 $0.00 $2,473.13',
      'All 4 3 available, 1 sold',
    ]) {
      expect(output).toContain(row)
    }
  })
})

it('says how it is used when it does not know the story', async () => {
  const { code, output } = await runDemo('opera')
  expect(code).toBe(2)
  expect(output).toContain('npm run demo [-- <story>]')
})
