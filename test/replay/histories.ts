import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Client } from '@temporalio/client'
import proto from '@temporalio/proto'

/**
 * Histories as JSON, one file a run, in a folder for each release. Not by the SDK's own `historyToJSON`: it fails where
 * npm installs protobufjs more than once.
 */
const { History } = proto.temporal.api.history.v1
const FOLDER = fileURLToPath(new URL('histories', import.meta.url))
const ENDING = '.json.gz'

export type History = NonNullable<Parameters<typeof History.create>[0]>
type Json = Record<string, unknown>
export type Recorded = { name: string; events: (Json & { eventType: string })[] }

/** One run of a workflow, as the server tells it. */
export type Run = { name: string; history: History }

/** All recorded histories, `name` being `<release>/<story>/<workflow>-<run>`. */
export function recordedHistories(): Recorded[] {
  const files = fs.globSync(`**/*${ENDING}`, { cwd: FOLDER }).toSorted()
  return files.map((file) => ({
    name: join(file, '..', basename(file, ENDING)),
    events: JSON.parse(gunzipSync(fs.readFileSync(join(FOLDER, file))).toString()).events as Recorded['events'],
  }))
}

/** What a replay takes. */
export function historyOf({ events }: Pick<Recorded, 'events'>): History {
  return History.fromObject({ events })
}

/** The histories of all runs of a workflow, the first one first. */
export async function runsOf(temporal: Client, workflowId: string): Promise<History[]> {
  const runs: History[] = []
  for (let runId: string | undefined; runId !== ''; ) {
    const history = await temporal.workflow.getHandle(workflowId, runId).fetchHistory()
    runs.unshift(history)
    runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? ''
  }
  return runs
}

/** Puts a story's runs in the place of those that were recorded for this release before. */
export function keepStory(release: string, story: string, runs: Run[]): void {
  const folder = join(FOLDER, release, story)
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  for (const { name, history } of runs) {
    const plain = History.toObject(History.fromObject(history), { enums: String, longs: String, bytes: String })
    const text = JSON.stringify(plain, withoutPlaces, 1)
    fs.writeFileSync(join(folder, `${name}${ENDING}`), gzipSync(text, { level: 9 }))
  }
}

/** Which machine it ran on, and in which folder, is nobody's business and makes no difference to a replay. */
function withoutPlaces(key: string, value: unknown): unknown {
  if (key === 'identity' || key === 'stackTrace') return undefined
  return typeof value === 'string' && /^\d+@/.test(value) ? 'worker' : value
}
