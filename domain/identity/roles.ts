/** Who somebody is to Tenor. What each may do is the API's permission table. */
export const ROLES = ['api_client', 'customer', 'employee', 'client_admin', 'agent', 'broker', 'admin'] as const

export type Role = (typeof ROLES)[number]

/** The roles that a tenant's own issuer of tokens can give. Brokers and administrators are ours. */
export const TENANT_ROLES = ['api_client', 'customer', 'employee', 'client_admin', 'agent'] as const satisfies Role[]

/** Roles of somebody who owes: with these alone, only the plans of the one customer that the token names are there. */
const OWING: readonly Role[] = ['customer', 'employee']

export function isOwingOnly(roles: readonly Role[]): boolean {
  return roles.every((role) => OWING.includes(role))
}
