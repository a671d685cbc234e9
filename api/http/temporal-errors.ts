import { isGrpcServiceError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client'
import { type Problem, unavailable } from './problem.ts'

/** An error of Temporal or of the way there; undefined for everything else. */
export function temporalProblem(error: unknown): Problem | undefined {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return notInTime(error)
  if (!(error instanceof ServiceError) && !isGrpcServiceError(error)) return undefined
  return notInTime(error)
}

/** What was asked may have been done, or be done later: asking again with the same key is safe. */
function notInTime(cause: unknown): Problem {
  return unavailable(
    'temporal_unreachable',
    'The request could not be carried out in time. Repeat it, with the same Idempotency-Key where there is one.',
    cause,
  )
}
