import * as fs from 'node:fs'
import { bundledWorkflows } from '../replay/bundle.ts'
import { sharedFile } from './servers.ts'

/** The workflows, packed once for all test files of a run. */
export async function bundleFile(): Promise<string> {
  const file = sharedFile('workflows.js')
  if (!fs.existsSync(file)) {
    const own = `${file}.${process.pid}`
    fs.writeFileSync(own, await bundledWorkflows())
    fs.renameSync(own, file)
  }
  return file
}
