import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { PAYERS } from '../../domain/leasing/lease.ts'
import { instant, text } from '../columns.ts'
import { Plans } from '../plans/plans.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** What leases are looked for by, besides what all plans are. Written with the plan. */
export const Leases = defineEntity({
  ...ofTenant,
  name: 'Lease',
  tableName: 'leases',
  properties: {
    planId: () => p.manyToOne(Plans).primary().mapToPk().joinColumn('plan_id'),
    tenantId: text(),
    clientId: text(),
    employeeId: text(),
    modelCode: text(),
    unitId: text(),
    payer: p.enum(PAYERS),
    /** While it is not delivered: when it is to be dispatched, or was to be. */
    dispatchBy: p.date().nullable(),
    /** The employee has it, or will: it counts for how many they may have. */
    isRunning: p.boolean(),
    createdAt: instant(),
  },
  indexes: [
    { name: 'leases_client', properties: ['tenantId', 'clientId', 'createdAt', 'planId'] },
    { name: 'leases_employee', properties: ['tenantId', 'employeeId', 'createdAt', 'planId'] },
    {
      name: 'leases_dispatch',
      properties: ['tenantId', 'dispatchBy', 'planId'],
      where: 'dispatch_by is not null',
    },
  ],
})
export type LeaseRow = InferEntity<typeof Leases>
