import { proxyActivities } from '@temporalio/workflow'

export const activitiesPackages = proxyActivities
