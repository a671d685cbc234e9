import { Worker } from '@temporalio/worker'

export const apiPackages = Worker
