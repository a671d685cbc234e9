import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js'
import { acrossTenants } from '../../db/tenancy/scope.ts'
import { eachOf, type Ops } from './connect.ts'

type Finding = { what: string; id: string; detail: string }

const TRIED_OFTEN = 5
const LOOKED_AT = 2_000
const AT_ONCE = 16

/** Everything that should have gone on by itself and has not. Exit code 1 when there is anything. */
export async function stuckCommand(ops: Ops, { minutes }: { minutes: number }): Promise<number> {
  const found = [
    ...(await inDatabase(ops, minutes)),
    ...(await workflows(ops).catch((error: Error) => [
      { what: 'Temporal', id: '-', detail: `could not be asked: ${error.message}` },
    ])),
  ]
  for (const { what, id, detail } of found) ops.say(`${what}  ${id}  ${detail}`)
  ops.say(found.length === 0 ? 'Nothing is stuck.' : `${found.length} found.`)
  return found.length === 0 ? 0 : 1
}

/** By its own clock, a plan's moment passed, and nothing has been tried for it for a day: missed ones go one a day. */
const LATE = `
  select p.id, 'should have been charged at ' || p.next_billing_at as detail
    from plans p left join test_clocks c on c.id = p.test_clock_id
   where p.lifecycle = 'active' and p.next_billing_at < coalesce(c.now, now()) - make_interval(mins => ?)
     and (c.id is null or (c.status = 'ready' and c.deleted_at is null))
     and not exists (select from transactions t where t.plan_id = p.id
       and (t.status in ('pending', 'unknown') or t.created_at > coalesce(c.now, now()) - interval '1 day'))
   order by p.next_billing_at`

/** By its own clock, lines wait for longer than a period lasts; or they are of another currency. */
const UNBILLED = `
  select c.id, count(*) || ' lines wait for a statement since ' || min(d.at) as detail
    from payroll_deductions d join clients c on c.id = d.client_id left join test_clocks k on k.id = c.test_clock_id
   where d.statement_id is null and (k.id is null or (k.status = 'ready' and k.deleted_at is null))
     and (d.currency <> c.currency or d.at < coalesce(k.now, now()) - interval '2 days' - case c.statement ->> 'period'
       when 'weekly' then interval '7 days' when 'monthly' then interval '31 days' else interval '92 days' end)
   group by c.id`

/** By its own clock, the back office should have been reminded of an order the day before. */
const UNSENT = `
  select l.plan_id as id, 'should have been dispatched by ' || l.dispatch_by || ', and nobody was reminded' as detail
    from leases l join plans p on p.id = l.plan_id left join test_clocks c on c.id = p.test_clock_id
   where l.dispatch_by < (coalesce(c.now, now()) - interval '2 days')::date
     and p.state -> 'lease' -> 'order' ->> 'overdue' = 'no'
     and (c.id is null or (c.status = 'ready' and c.deleted_at is null))
   order by l.dispatch_by`

const IN_DATABASE: { what: string; sql: string; takesMinutes?: boolean }[] = [
  { what: 'late plan', sql: LATE, takesMinutes: true },
  { what: 'forgotten order', sql: UNSENT },
  {
    what: 'open statement',
    sql: `select id, 'of client ' || client_id || ' is being closed since ' || created_at as detail
      from statements where status = 'closing' and created_at < now() - make_interval(mins => ?) order by created_at`,
    takesMinutes: true,
  },
  {
    what: 'uncharged statement',
    sql: `select id, total || ' ' || currency || ', closed at ' || closed_at as detail from statements
      where status = 'closed' and total > 0 and plan_id is null and closed_at < now() - make_interval(mins => ?)
      order by closed_at`,
    takesMinutes: true,
  },
  {
    what: 'unbilled deductions',
    sql: UNBILLED,
  },
  {
    what: 'unknown outcome',
    sql: `select id, type || ' of ' || amount || ' ' || currency || ', asked at ' || created_at as detail
      from transactions where status = 'unknown' order by created_at`,
  },
  {
    what: 'unsent letter',
    sql: `select id, status || ' after ' || attempts || ' tries: ' || coalesce(last_error, '') as detail
      from notifications where status = 'failed' or (status = 'queued' and attempts >= ${TRIED_OFTEN}) order by created_at`,
  },
  {
    what: 'untold case',
    sql: `select id, case_attempts || ' tries: ' || coalesce(case_last_error, '') as detail
      from escalations where case_version < version and case_attempts >= ${TRIED_OFTEN} order by opened_at`,
  },
  {
    what: 'held webhook',
    sql: `select id, type || ' of ' || received_at || ': ' || coalesce(last_error, '') as detail
      from webhook_inbox where processed_at is null and next_attempt_at is null order by received_at`,
  },
  {
    what: 'unmatched webhook',
    sql: `select id, type || ' of ' || received_at || ', ' || attempts || ' tries: ' || coalesce(last_error, '') as detail
      from webhook_inbox where processed_at is null and next_attempt_at is not null and attempts >= ${TRIED_OFTEN}
      order by received_at`,
  },
  {
    what: 'held events',
    sql: `select endpoint_id as id, count(*) || ' since ' || min(created_at) || ': ' || coalesce(min(last_error), '') as detail
      from webhook_deliveries where status = 'held' group by endpoint_id`,
  },
]

async function inDatabase({ orm }: Ops, minutes: number): Promise<Finding[]> {
  const found: Finding[] = []
  for (const { what, sql, takesMinutes } of IN_DATABASE) {
    const ask = () => orm.em.fork().execute<{ id: string; detail: string }[]>(sql, takesMinutes ? [minutes] : [])
    const rows = await acrossTenants(ask)
    found.push(...rows.map(({ id, detail }) => ({ what, id, detail })))
  }
  return found
}

/** Workflows whose task fails, and activities that are tried again and again. */
async function workflows({ temporal, taskQueue, say }: Ops): Promise<Finding[]> {
  const ids: string[] = []
  const open = temporal.workflow.list({ query: `ExecutionStatus = "Running" AND TaskQueue = "${taskQueue}"` })
  for await (const { workflowId } of open) {
    ids.push(workflowId)
    if (ids.length === LOOKED_AT) break
  }
  if (ids.length === LOOKED_AT) say(`Only the newest ${LOOKED_AT} workflows were looked at.`)
  const found = await eachOf(ids, AT_ONCE, async (id) => {
    const { raw } = await temporal.workflow.getHandle(id).describe()
    const task = raw.pendingWorkflowTask?.attempt ?? 0
    const activities = (raw.pendingActivities ?? []).filter(({ attempt }) => (attempt ?? 0) >= TRIED_OFTEN)
    const { loadedDataConverter } = temporal.options
    const failures = await Promise.all(
      activities.map(({ lastFailure }) => decodeOptionalFailureToOptionalError(loadedDataConverter, lastFailure)),
    )
    return [
      ...(task > 1 ? [{ what: 'failing workflow task', id, detail: `tried ${task} times` }] : []),
      ...activities.map(({ activityType, attempt }, index) => ({
        what: 'failing activity',
        id,
        detail: `${activityType?.name} tried ${attempt} times: ${failures[index]?.message ?? ''}`,
      })),
    ]
  })
  return found.flat()
}
