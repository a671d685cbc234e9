import * as fs from 'node:fs'
import type { WorkerOptions } from '@temporalio/worker'
import { bundledWorkflows } from '../replay/bundle.ts'
import { sharedFile } from './servers.ts'

/** The workflows for a worker, packed once for all test files of a run: each would need seconds for it. */
export async function packedWorkflows(): Promise<Pick<WorkerOptions, 'workflowBundle'>> {
  const file = sharedFile('workflows.js')
  if (!fs.existsSync(file)) {
    const own = `${file}.${process.pid}`
    fs.writeFileSync(own, await bundledWorkflows())
    fs.renameSync(own, file)
  }
  return { workflowBundle: { codePath: file } }
}
