import { charge } from '../activities/charge.ts'

export const workflowsTypes = charge
