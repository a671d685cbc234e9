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
    expect({ code: run.code, output }).toMatchObject({ code: 0 })
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

it('says how it is used when it does not know the story', async () => {
  const { code, output } = await runDemo('opera')
  expect(code).toBe(2)
  expect(output).toContain('npm run demo [-- <story>]')
})
