import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'

import { FAILURE_CONVERTER } from '../../secrets/data-converter.ts'

const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url))

/** The workflows of this working tree, as a worker runs them. */
export async function bundledWorkflows(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    failureConverterPath: FAILURE_CONVERTER,
    logger: new DefaultLogger('ERROR'),
  })
  return code
}
