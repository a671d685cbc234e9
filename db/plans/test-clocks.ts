import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

export const TestClocks = defineEntity({
  ...ofTenant,
  name: 'TestClock',
  tableName: 'test_clocks',
  properties: {
    id: text().primary(),
    tenantId: text(),
    status: p.enum(['ready', 'advancing']),
    now: instant(),
    /** Where it is going while `advancing`. */
    target: instant().nullable(),
    /** In real time, as are the other two. */
    createdAt: instant(),
    updatedAt: instant(),
    deletedAt: instant().nullable(),
  },
  indexes: [{ name: 'test_clocks_tenant', properties: ['tenantId', 'createdAt', 'id'] }],
})

export type TestClockRow = InferEntity<typeof TestClocks>
