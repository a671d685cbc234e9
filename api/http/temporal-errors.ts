import { isGrpcServiceError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client'
import { NamespaceNotFoundError } from '@temporalio/common'
import type { Problem } from './problem.ts'
import { notInTime } from './temporal.ts'

/** An error of Temporal or of the way there; undefined for everything else. */
export function temporalProblem(error: unknown): Problem | undefined {
  const isOfTemporal =
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    error instanceof ServiceError ||
    // Of a server that has just been made.
    error instanceof NamespaceNotFoundError ||
    isGrpcServiceError(error)
  return isOfTemporal ? notInTime(error) : undefined
}
