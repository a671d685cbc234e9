import { livePlans, story, summary } from './plan-years.ts'

/** Lives 100,000 plan-years, or as many as `SIM_YEARS` says, from a seed of this moment or `SIM_FIRST_SEED`. */
const years = Number(process.env.SIM_YEARS ?? 100_000)
let seed = Number(process.env.SIM_FIRST_SEED ?? (Date.now() % 1_000_000) * 1000)

for (let lived = 0; lived < years; ) {
  const survey = livePlans(seed, Math.min(5000, years - lived))
  lived += survey.years
  process.stdout.write(`${summary(seed, survey)}; ${Math.floor(lived)} of ${years}\n`)
  if (survey.shortest) {
    process.stderr.write(`${story(survey.shortest)}\n`)
    process.exit(1)
  }
  seed += survey.plans
}
