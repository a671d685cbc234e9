import type { MikroORM } from '@mikro-orm/postgresql'
import { NativeConnection, Worker, type WorkerInterceptors, type WorkerOptions } from '@temporalio/worker'
import { createClockActivities } from '../activities/clocks/index.ts'
import { createLeasingActivities } from '../activities/leasing/index.ts'
import { createPlanActivities } from '../activities/plans/index.ts'
import type { TemporalSecurity } from '../api/http/temporal.ts'
import { instantOf } from '../domain/calendar.ts'
import type { GuardedGateway } from '../gateways/circuit.ts'
import type { PaymentGateway } from '../gateways/payments.ts'
import { encrypting } from '../secrets/data-converter.ts'
import type { KeyRing } from '../secrets/key-ring.ts'
import { notWhileBusy } from './busy-gateway.ts'
import { keepAlive } from './keep-alive.ts'
import { workflowBundle } from './workflow-bundle.ts'

export type PlanWorkerOptions = {
  orm: MikroORM
  gateway: PaymentGateway | GuardedGateway
  address: string
  security?: TemporalSecurity
  namespace: string
  taskQueue: string
  /** What is encrypted with them is all that Temporal gets to see. */
  keys: KeyRing
  onCharge?: (outcome: string) => void
  onDue?: (lateSeconds: number) => void
  options?: Partial<WorkerOptions>
}

/**
 * The worker that runs plans and test clocks with their activities. `connection.close()` after `worker.run()` has ended.
 * @throws when the Temporal server cannot be reached.
 */
export async function createPlanWorker(
  asked: PlanWorkerOptions,
): Promise<{ worker: Worker; connection: NativeConnection }> {
  const { orm, gateway, onCharge, onDue } = asked
  const connection = await NativeConnection.connect({ address: asked.address, ...asked.security })
  const now = () => instantOf(Date.now())
  const worker = await Worker.create({
    connection,
    namespace: asked.namespace,
    taskQueue: asked.taskQueue,
    dataConverter: encrypting(asked.keys),
    workflowBundle: asked.options?.workflowBundle ?? (await workflowBundle()),
    activities: {
      ...createPlanActivities({ orm, gateway, now, onCharge, onDue }),
      ...createClockActivities({ orm }),
      ...createLeasingActivities({ orm }),
    },
    interceptors: activityInterceptors(gateway),
    // On a billing day many plans wake at once: the default of 10 s would throw their caches away half-way through. But a
    // message to a plan whose worker was killed waits for as long, until it is brought to another worker.
    stickyQueueScheduleToStartTimeout: '30s',
    // Each entry into the SDK's sandbox waits for a thread that watches over it: meanwhile the other one goes on.
    workflowThreadPoolSize: 2,
    shutdownGraceTime: '20s',
    ...asked.options,
  })
  return { worker, connection }
}

function activityInterceptors(gateway: PaymentGateway | GuardedGateway): WorkerInterceptors {
  return { activity: 'waitMs' in gateway ? [keepAlive, notWhileBusy(gateway)] : [keepAlive] }
}
