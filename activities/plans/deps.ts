import type { MikroORM } from '@mikro-orm/postgresql'
import type { Instant } from '../../domain/plans/terms.ts'
import type { PaymentGateway } from '../../gateways/payments.ts'

/** What the activities of plans work with. `now` is real time; a plan on a test clock brings its own. */
export type PlanDeps = {
  orm: MikroORM
  gateway: PaymentGateway
  now: () => Instant
  /** Told of the end of each try to charge, for those who watch. */
  onCharge?: ((outcome: string) => void) | undefined
  /** Told of each first attempt, how long after its due moment it is made; not of those that follow a test clock. */
  onDue?: ((lateSeconds: number) => void) | undefined
}
