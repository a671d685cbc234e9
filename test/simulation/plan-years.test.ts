import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { livePlan } from './plan-year.ts'
import { type Survey, story, summary } from './plan-years.ts'

const YEARS = 10_000
/** The same lives in every run, so that a change is judged by what it changes; `npm run soak:plans` lives new ones. */
const only = process.env.SIM_SEED
const first = Number(process.env.SIM_FIRST_SEED ?? 1_000_000)
/** Lives that once ended badly. */
const LESSONS = [833_948_958]

type Surveyed = Omit<Survey, 'shortest'> & { wrong: string | null }

describe('random plan-years', () => {
  it('keep every rule after every fact', async () => {
    if (only !== undefined) {
      const lived = livePlan(Number(only))
      process.stdout.write(`${story(lived)}\n`)
      expect(lived.broken).toBeNull()
      return
    }
    const thread = new Worker(new URL('./survey-thread.ts', import.meta.url), { workerData: { first, years: YEARS } })
    const [survey] = (await once(thread, 'message')) as [Surveyed]
    process.stdout.write(`${summary(first, survey)}\n`)
    if (survey.wrong !== null) throw new Error(survey.wrong)
    expect(survey.years).toBeGreaterThanOrEqual(YEARS)
    expect(survey.leaseYears).toBeGreaterThan(YEARS / 3)
    expect(survey.ends.terminated).toBeGreaterThan(0)
    expect(survey.ends.completed).toBeGreaterThan(survey.plans / 10)
    expect(survey.ends.canceled).toBeGreaterThan(survey.plans / 10)
  }, 900_000)

  it.each(LESSONS)('have learnt from seed %d', (seed) => {
    expect(livePlan(seed).broken).toBeNull()
  })

  it('live the same life for the same seed', () => {
    expect(livePlan(42)).toEqual(livePlan(42))
    expect(livePlan(42).facts).toBeGreaterThan(10)
  })
})
