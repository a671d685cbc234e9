import { isGrpcServiceError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client'
import type { Problem } from './problem.ts'
import { notInTime } from './temporal.ts'

/** An error of Temporal or of the way there; undefined for everything else. */
export function temporalProblem(error: unknown): Problem | undefined {
  const isOfTemporal =
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    error instanceof ServiceError ||
    isGrpcServiceError(error)
  return isOfTemporal ? notInTime(error) : undefined
}
