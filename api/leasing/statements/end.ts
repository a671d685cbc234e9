import { WorkflowNotFoundError } from '@temporalio/client'
import type { ApiDeps } from '../../deps.ts'
import { SERVER_MS, within } from '../../http/temporal.ts'

/** For a client of which nothing is left: there is nothing that its statements could be about. */
export async function endStatements({ temporal }: Pick<ApiDeps, 'temporal'>, client: { id: string }): Promise<void> {
  const handle = temporal.workflow.getHandle(`client-statement-${client.id}`)
  await within(temporal, SERVER_MS, () => handle.terminate('The client was removed')).catch((error: unknown) => {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  })
}
