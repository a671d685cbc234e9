/** Who somebody is to Tenor. What each may do is the API's permission table. */
export const ROLES = ['api_client', 'customer', 'employee', 'client_admin', 'agent', 'broker', 'admin'] as const

export type Role = (typeof ROLES)[number]

/** The roles that a tenant's own issuer of tokens can give. Brokers and administrators are ours. */
export const TENANT_ROLES = ['api_client', 'customer', 'employee', 'client_admin', 'agent'] as const satisfies Role[]

/** Roles of somebody who owes: with these alone, only the plans of the one customer that the token names are there. */
export const OWING: readonly Role[] = ['customer', 'employee']

export function isOwingOnly(roles: readonly Role[]): boolean {
  return roles.every((role) => OWING.includes(role))
}

/** Somebody of one company: with these roles alone, only what is of the company that the token names is there. */
export function isOfCompanyOnly(roles: readonly Role[]): boolean {
  return roles.includes('client_admin') && roles.every((role) => role === 'client_admin' || OWING.includes(role))
}
