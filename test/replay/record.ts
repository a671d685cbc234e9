import { readFileSync } from 'node:fs'
import { Client, Connection } from '@temporalio/client'
import { encrypting } from '../../secrets/data-converter.ts'
import { payloadsIn } from '../../secrets/payloads-in.ts'
import { keysIn } from '../../workers/keys.ts'
import { sharedTenor } from '../support/e2e-client.ts'
import { stopServers, temporalAddress } from '../support/servers.ts'
import { sharedStack, startSharedStack } from '../support/stack.ts'
import { keepStory, type Run, runsOf } from './histories.ts'
import { STORIES, type Story } from './stories.ts'

/**
 * Lives the stories on a stack of their own, or only those that are named, and keeps the histories as those of the version
 * in package.json. For a release; the histories of released versions stay as they are.
 */
async function main(stories: [string, Story][]): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const tenor = await sharedTenor()
  const connection = await Connection.connect({ address: temporalAddress() })
  const { TENOR_KEYS, TENOR_KEYS_FILE } = sharedStack().env
  const keys = keysIn({ TENOR_KEYS, TENOR_KEYS_FILE })
  const temporal = new Client({ connection, dataConverter: encrypting(keys) })
  const record = async (story: string, live: Story) => {
    const workflows = Object.entries(await live(tenor, temporal))
    const kept = await Promise.all(workflows.map(([name, id]) => runsNamed(temporal, name, id)))
    keepStory(version, story, kept.flat())
    const told = kept.flat().map(({ name, history }) => `${name} (${history.events?.length} events)`)
    console.log(`${story}: ${told.join(', ')}`)
  }
  // It waits for minutes of real time, while the others go on.
  const isWaiting = ([story]: [string, Story]) => story === 'real-timers'
  const waited = stories.filter(isWaiting).map(([story, live]) => record(story, live))
  for (const [story, live] of stories.filter((one) => !isWaiting(one))) await record(story, live)
  await Promise.all(waited)
  await connection.close()
}

/** All runs of a workflow under names of their own, the first one first. */
async function runsNamed(temporal: Client, name: string, workflowId: string): Promise<Run[]> {
  const runs = await Promise.all((await runsOf(temporal, workflowId)).map((run) => readable(temporal, run)))
  return runs.map((history, index) => ({ name: `${name}-${index + 1}`, history }))
}

/** Histories are kept as they were before they were encrypted: a key that is gone must not take them along. */
async function readable(temporal: Client, history: Run['history']): Promise<Run['history']> {
  for (const payload of payloadsIn(history)) {
    let decoded = payload
    for (const codec of temporal.options.loadedDataConverter.payloadCodecs)
      [decoded = payload] = await codec.decode([decoded])
    Object.assign(payload, decoded)
  }
  return history
}

const named = process.argv.slice(2)
const unknown = named.filter((story) => !Object.hasOwn(STORIES, story))
if (unknown.length > 0) {
  console.error(`There is no story ${unknown.join(', ')}. Stories: ${Object.keys(STORIES).join(', ')}`)
  process.exit(64)
}
await startSharedStack()
try {
  await main(Object.entries(STORIES).filter(([story]) => named.length === 0 || named.includes(story)))
} finally {
  await stopServers()
}
