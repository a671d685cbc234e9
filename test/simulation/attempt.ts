import { RuleBroken } from '../../domain/errors.ts'
import type { Decision } from '../../domain/plans/effects.ts'
import { timePassed } from '../../domain/plans/time.ts'
import type { Life } from './life.ts'

/** Whether it was not refused. What time has brought about comes first, as in the workflow. */
export function attempt(life: Life, what: string, command: () => Decision): boolean {
  life.decide('time passed', timePassed(life.plan, life.now))
  try {
    const { plan, effects } = command()
    life.decide(what, { plan, effects })
    return true
  } catch (error) {
    if (error instanceof RuleBroken) return false
    throw error
  }
}
