import { z } from 'zod'

export const workflowsPackages = z
