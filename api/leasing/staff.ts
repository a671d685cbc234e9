import type { Caller } from '../identity/caller.ts'

/** Ours: who agrees with companies what their store offers, and may depart from it. */
export function isStaff({ roles }: Caller): boolean {
  return roles.includes('admin') || roles.includes('api_client')
}
