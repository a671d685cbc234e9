import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { FAILURE_CONVERTER } from '../../secrets/data-converter.ts'
import { SHARED_MODULES, WORKFLOWS } from '../../workers/plan-worker.ts'

/** The workflows of this working tree, as a worker runs them. */
export async function bundledWorkflows(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    preloadModules: SHARED_MODULES,
    failureConverterPath: FAILURE_CONVERTER,
    logger: new DefaultLogger('ERROR'),
  })
  return code
}
