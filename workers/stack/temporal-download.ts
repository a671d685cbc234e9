/**
 * Fetches a Temporal server into the folder given as argument, with the SDK's own download. A process of its own, since
 * the SDK's download cannot be given up once begun.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing'

const [downloadDir, version] = process.argv.slice(2)
const server = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir, version } },
})
await server.teardown()
process.exit(0)
