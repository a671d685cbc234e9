import { Worker } from '@temporalio/worker'

export const secretsPackages = Worker
