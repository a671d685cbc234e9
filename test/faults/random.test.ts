import { rampage } from './rampage.ts'

/**
 * On a machine that does nothing else two minutes are enough; on a busy one whatever is waited for in vain says so itself,
 * before this.
 */
const LONGEST_MS = 1_500_000

/** A short form of `npm run soak:faults`; FAULTS_SEED plays a seed again. */
it(
  'whatever is killed, cut and troubled: charges, transactions, ledger, receipts and letters are one for one',
  async () => {
    const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 1_000_000)
    const said: string[] = []
    const done = await rampage({ seed, kills: 15, plans: 6, say: (line) => said.push(line) }).catch((error: Error) => {
      throw new Error(`Again: FAULTS_SEED=${seed}\n${said.join('\n')}`, { cause: error })
    })
    process.stderr.write(`Faults of seed ${seed}: ${JSON.stringify(done)}\n`)
    expect([`FAULTS_SEED=${seed}`, ...done.wrong, ...(done.wrong.length > 0 ? said : [])]).toEqual([
      `FAULTS_SEED=${seed}`,
    ])
    expect(done.kills).toBeGreaterThanOrEqual(15)
    expect(done.payments).toBeGreaterThan(0)
  },
  LONGEST_MS,
)
