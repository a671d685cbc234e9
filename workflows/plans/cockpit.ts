import { defineSearchAttributeKey } from '@temporalio/common'
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import { nextBillingAt } from '../../domain/plans/coming.ts'
import { escalationsOf, outstanding, statusOf } from '../../domain/plans/figures.ts'
import { planInWords } from '../../domain/plans/words.ts'
import { isIdle, type Run } from './run.ts'

const STATUS = defineSearchAttributeKey('TenorPlanStatus', 'KEYWORD')
const NEXT_BILLING = defineSearchAttributeKey('TenorNextBillingAt', 'DATETIME')
const OUTSTANDING = defineSearchAttributeKey('TenorOutstanding', 'INT')
const ESCALATED = defineSearchAttributeKey('TenorEscalated', 'BOOL')

/** Shows in Temporal's UI where the plan stands: details in words, search attributes when they have changed. */
export function show(run: Run): void {
  const { plan } = run
  if (plan !== run.described) setCurrentDetails(planInWords(plan))
  run.described = plan
  // What is under way will change them again in a moment, and each change costs an event.
  if (!isIdle(run)) return
  const status = statusOf(plan)
  const next = nextBillingAt(plan)
  const left = outstanding(plan)
  const escalated = escalationsOf(plan).length > 0
  const shown = JSON.stringify([status, next, left, escalated])
  if (shown === run.shown) return
  run.shown = shown
  upsertSearchAttributes([
    { key: STATUS, value: status },
    { key: NEXT_BILLING, value: next ? new Date(next) : null },
    { key: OUTSTANDING, value: left },
    { key: ESCALATED, value: escalated },
  ])
}
