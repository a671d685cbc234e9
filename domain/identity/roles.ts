/** Who somebody is to Tenor. What each may do is the API's permission table. */
export const ROLES = ['api_client', 'customer', 'employee', 'client_admin', 'agent', 'broker', 'admin'] as const

export type Role = (typeof ROLES)[number]
