import type { MikroORM } from '@mikro-orm/postgresql'
import { TestClocks } from '../../db/plans/test-clocks.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import type { Instant } from '../../domain/plans/terms.ts'

export type ClockActivities = ReturnType<typeof createClockActivities>

export function createClockActivities({ orm }: { orm: MikroORM }) {
  return {
    /** Writes where a test clock stands, for those who read it; `target` while it is on its way. */
    async recordClock(
      clock: { id: string; tenant: string; now: Instant; status: 'ready' | 'advancing' },
      target: Instant | null,
    ): Promise<void> {
      const { id, tenant, now, status } = clock
      const updatedAt = new Date().toISOString()
      await inTenant(tenant, () => orm.em.fork().nativeUpdate(TestClocks, { id }, { now, status, target, updatedAt }))
    },
  }
}
