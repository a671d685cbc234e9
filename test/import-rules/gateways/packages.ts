import { Client } from '@temporalio/client'

export const gatewaysPackages = Client
