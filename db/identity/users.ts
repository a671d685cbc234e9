import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Role } from '../../domain/identity/roles.ts'
import { instant, text } from '../columns.ts'
import { ofTenant } from '../tenancy/policies.ts'

/** People who sign in with a password, where Tenor is its own issuer of tokens. */
export const Users = defineEntity({
  ...ofTenant,
  name: 'User',
  tableName: 'users',
  properties: {
    id: p.text().primary(),
    tenantId: text(),
    /** In lower case. */
    email: text(),
    /** See api/identity/passwords.ts. */
    passwordHash: text(),
    roles: p.json<Role[]>(),
    /** Whose plans are shown to somebody with a role of those who owe. */
    customerId: text().nullable(),
    /** Whose company is shown to its admin. */
    clientId: text().nullable(),
    createdAt: instant(),
    disabledAt: instant().nullable(),
  },
  uniques: [{ name: 'users_email', properties: ['tenantId', 'email'] }],
  indexes: [{ name: 'users_created', properties: ['tenantId', 'createdAt', 'id'] }],
})

export type UserRow = InferEntity<typeof Users>
