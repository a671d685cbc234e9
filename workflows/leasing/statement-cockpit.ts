import { defineSearchAttributeKey } from '@temporalio/common'
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import { periodInWords, progressInWords, settingsInWords } from '../../domain/leasing/statement-words.ts'
import type { Period } from '../../domain/leasing/statements.ts'
import type { Run } from './statement-run.ts'

const STATUS = defineSearchAttributeKey('TenorPlanStatus', 'KEYWORD')
const NEXT_BILLING = defineSearchAttributeKey('TenorNextBillingAt', 'DATETIME')

/** Shows in Temporal's UI what is waited for; search attributes when they have changed. */
export function show(run: Run, period: Period): void {
  setCurrentDetails(details(run, [run.isEnding ? '**ending**' : '**waiting**', periodInWords(period, run.settings)]))
  const shown = JSON.stringify([period.cutOff, run.isEnding])
  if (shown === run.shown) return
  run.shown = shown
  upsertSearchAttributes([
    { key: STATUS, value: run.isEnding ? 'ending' : 'active' },
    { key: NEXT_BILLING, value: new Date(period.cutOff) },
  ])
}

/** The same while a statement is closed, with how far it is. */
export function showClosing(run: Run, period: Period): void {
  if (!run.closing) return
  const progress = `**closing** ${run.closing.statement}: ${progressInWords(run.closing)}`
  setCurrentDetails(details(run, [progress, periodInWords(period, run.settings)]))
}

function details({ client, settings }: Run, facts: string[]): string {
  return [...facts, settingsInWords(settings), `Client \`${client}\``].map((fact) => `- ${fact}`).join('\n')
}
