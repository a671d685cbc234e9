import { parseArgs } from 'node:util'
import { rampage } from './rampage.ts'

const USAGE = `npm run soak:faults -- [--kills 500] [--plans 8] [--round 50] [--seed <number>]
Lives plans while everything is broken, in rounds of so many kills on a stack of its own, until so many were done.
Prints the seed of each round; --seed plays from one on. Ends at the first round with something wrong, with exit code 1.`

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '500' },
    plans: { type: 'string', default: '8' },
    round: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}

const [kills, plans, round] = [Number(values.kills), Number(values.plans), Number(values.round)]
let done = 0
let payments = 0
let longestMs = 0
for (let seed = Number(values.seed); done < kills; seed += 10_000) {
  console.log(`Seed ${seed}: ${round} kills, ${plans} plans`)
  const again = `Again: npm run soak:faults -- --seed ${seed} --kills ${round} --round ${round} --plans ${plans}`
  const options = { seed, kills: Math.min(round, kills - done), plans, say: (line: string) => console.log(line) }
  const result = await rampage(options).catch((error: Error) => {
    console.error(`${error.message}\n${again}`)
    process.exit(1)
  })
  console.log(JSON.stringify(result))
  done += result.kills
  payments += result.payments
  longestMs = Math.max(longestMs, result.convergedInMs)
  if (result.wrong.length > 0) {
    console.error(`Something is wrong after ${done} kills. ${again}`)
    process.exit(1)
  }
}
console.log(
  `${done} kills, ${payments} payments, nothing wrong; proven at most ${(longestMs / 1000).toFixed(1)} s after the last fault.`,
)
