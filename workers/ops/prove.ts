import { mend, proofOf } from '../../api/plans/proof.ts'
import { Plans } from '../../db/plans/plans.ts'
import { acrossTenants, inTenant } from '../../db/tenancy/scope.ts'
import type { Proof } from '../../domain/plans/proof-facts.ts'
import { eachOf, type Ops, UsageError } from './connect.ts'

export type ProveOptions = { plan?: string | undefined; all?: boolean; mend?: boolean; json?: boolean }

const AT_ONCE = 4
const PAGE = 500

/** Proves one plan or all of them, says every difference, and with `mend` brings rows to what workflows have decided. */
export async function proveCommand(ops: Ops, options: ProveOptions): Promise<number> {
  if ((options.plan === undefined) === !options.all) throw new UsageError('Say --plan <id> or --all.')
  const counts = { ok: 0, in_flight: 0, unread: 0, different: 0 }
  let mended = 0
  for await (const ids of options.all ? allPlans(ops) : [[options.plan ?? '']]) {
    for (const done of await eachOf(ids, AT_ONCE, (id) => proveOne(ops, id, options))) {
      counts[done.proof.status] += 1
      mended += Number(done.isMended)
      if (options.json) ops.say(JSON.stringify(done.proof))
      else if (done.proof.status !== 'ok' || options.plan !== undefined) ops.say(inWords(done.proof))
    }
  }
  if (!options.json) {
    const { ok, in_flight, unread, different } = counts
    const fixed = options.mend ? `, ${mended} mended` : ''
    ops.say(
      `${ok} proven, ${in_flight} with something in flight, ${unread} not readable, ${different} different${fixed}`,
    )
  }
  return counts.different > 0 ? 1 : counts.unread > 0 ? 2 : 0
}

type Done = { proof: Proof; isMended: boolean }

/** Looks at a plan and its money as its own tenant does. */
async function proveOne(ops: Ops, id: string, options: ProveOptions): Promise<Done> {
  const plan = await acrossTenants(() => ops.orm.em.fork().findOne(Plans, { id }, { fields: ['tenantId'] }))
  if (!plan) throw new UsageError(`There is no plan ${id}.`)
  return inTenant(plan.tenantId, () => proveInTenant(ops, id, options))
}

async function proveInTenant(ops: Ops, id: string, options: ProveOptions): Promise<Done> {
  const proven = await proofOf(ops, id)
  if (!proven) throw new UsageError(`There is no plan ${id}.`)
  const isMended = options.mend === true && (await mend(ops, proven))
  return { proof: isMended ? ((await proofOf(ops, id))?.proof ?? proven.proof) : proven.proof, isMended }
}

/** The proof of a plan for people: each check that is not ok with its differences. */
export function inWords({ plan, status, checks }: Proof): string {
  const lines = checks.flatMap(({ name, differences }) =>
    differences.map(({ kind, detail, mendable }) => {
      const sign = { different: '✗', in_flight: '…', unread: '?' }[kind]
      return `  ${sign} ${name}: ${detail}${mendable ? ' (--mend mends this)' : ''}`
    }),
  )
  return [`${plan}: ${status}`, ...lines].join('\n')
}

async function* allPlans({ orm }: Ops): AsyncGenerator<string[]> {
  for (let after = ''; ; ) {
    const options = { orderBy: { id: 'asc' }, limit: PAGE, fields: ['id'] } as const
    const page = await acrossTenants(() => orm.em.fork().find(Plans, { id: { $gt: after } }, options))
    const last = page.at(-1)
    if (!last) return
    yield page.map(({ id }) => id)
    after = last.id
  }
}
