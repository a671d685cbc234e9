import { inWorkflowContext, workflowInfo } from '@temporalio/workflow'
import { paceOf, planTime, shorterTimers } from './pace.ts'

/** Tenor's own workflows, as they are shipped, at a pace. */
export * from '../../workflows/index.ts'

const pace = () => paceOf(workflowInfo().taskQueue)
const ServerDate = globalThis.Date
function PlanDate(...given: ConstructorParameters<DateConstructor>): Date {
  return new ServerDate(...given)
}
// The sandbox's own Date cannot be changed, only replaced in this workflow's scope; its dates stay of its kind.
PlanDate.prototype = ServerDate.prototype
globalThis.Date = Object.assign(PlanDate as unknown as DateConstructor, {
  now: () => (inWorkflowContext() ? planTime(pace(), ServerDate.now()) : ServerDate.now()),
  parse: ServerDate.parse,
  UTC: ServerDate.UTC,
})

export const interceptors = () => shorterTimers(pace)
