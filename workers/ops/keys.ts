import { type KeyUse, keyUse, resealAll } from '../../db/resealing.ts'
import type { KeyRing } from '../../secrets/key-ring.ts'
import { keyIdIn } from '../../secrets/payload-codec.ts'
import { payloadsIn } from '../../secrets/payloads-in.ts'
import { eachOf, type Ops } from './connect.ts'

const BATCH = 500
const AT_ONCE = 10

/** Brings every sealed value to the active key, and says which keys are needed after that. */
export async function rotateKeysCommand(ops: Ops): Promise<number> {
  const rows = await resealAll(ops.orm.em.fork(), {
    batch: BATCH,
    onBatch: (table, done) => ops.say(`${table}: ${done} rows`),
  })
  ops.say(`${rows} rows went over to ${ops.keys.active}.`)
  return keysCommand(ops)
}

/** Says which keys are needed by what. Exit code 1 when one of them is not in the ring. */
export async function keysCommand(ops: Ops): Promise<number> {
  const uses = [...(await keyUse(ops.orm.em.fork())), ...(await useInWorkflows(ops))]
  const needed = [...new Set([...ops.keys.ids, ...uses.map(({ id }) => id)])]
  for (const id of needed) ops.say(inWords(id, uses, ops.keys))
  return needed.some((id) => !ops.keys.ids.includes(id)) ? 1 : 0
}

function inWords(id: string, uses: KeyUse[], { active, ids }: KeyRing): string {
  const by = uses.filter((use) => use.id === id).map(({ where, count }) => `${where} ${count}`)
  const standing = id === active ? 'active' : ids.includes(id) ? 'in the ring' : 'MISSING from the ring'
  const needs = by.length > 0 ? `needed by ${by.join(', ')}` : id === active ? 'not used yet' : 'may be removed'
  return `${id}: ${standing}; ${needs}`
}

/** A history stays as it was written; a plan leaves it behind when it goes on in a new run. */
async function useInWorkflows({ temporal, taskQueue, say }: Ops): Promise<KeyUse[]> {
  const open: string[] = []
  const query = `ExecutionStatus = "Running" AND TaskQueue = "${taskQueue}"`
  for await (const { workflowId } of temporal.workflow.list({ query })) open.push(workflowId)
  let read = 0
  const ids = await eachOf(open, AT_ONCE, async (workflowId) => {
    const history = await temporal.workflow.getHandle(workflowId).fetchHistory()
    read += 1
    if (read % 1_000 === 0) say(`${read} of ${open.length} open workflows were looked at.`)
    return new Set([...payloadsIn(history)].flatMap((payload) => keyIdIn(payload) ?? []))
  })
  const counts = new Map<string, number>()
  for (const id of ids.flatMap((of) => [...of])) counts.set(id, (counts.get(id) ?? 0) + 1)
  return [...counts].map(([id, count]) => ({ id, where: 'open workflows', count }))
}
