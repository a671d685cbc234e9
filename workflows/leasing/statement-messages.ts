import { defineQuery, defineSignal } from '@temporalio/workflow'
import type { Period, Since } from '../../domain/leasing/statements.ts'
import type { StatementSettings } from '../../domain/leasing/store.ts'
import type { TestClock } from '../../domain/plans/plan.ts'

/** What a client's statements are begun with, go on with, and can be asked and told. */

export type StatementsStart = {
  client: string
  tenant: string
  settings: StatementSettings
  /** Where the statement begins that is to be closed next. */
  since: Since
  clock: TestClock | null
  /** The clock's last tick. */
  clockTick: number
  /** The client was deleted: what waits is still closed, then this is over. */
  isEnding: boolean
  /** An earlier run has gone on in this one, or one that ended has been begun anew. */
  isGoingOn: boolean
}

/** `closing` is the statement that is being put together: so many of its lines are on it already. */
export type StatementsStanding = {
  next: Period
  settings: StatementSettings
  closing: { statement: string; placed: number; of: number } | null
}

export type SettingsTold = { settings: StatementSettings; isEnding: boolean }

/** The client's settings are these now, or it was deleted. Heard between two closings, never during one. */
export const settingsChanged = defineSignal<[SettingsTold]>('settingsChanged')
export const standing = defineQuery<StatementsStanding>('standing')

export const STATEMENTS_WORKFLOW = 'clientStatement'
export function statementsWorkflowId(client: string): string {
  return `client-statement-${client}`
}
