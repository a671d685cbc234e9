import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker'
import { workflowBundle } from '../../workers/workflow-bundle.ts'
import { historyOf, type Recorded, recordedHistories } from './histories.ts'

const recorded = recordedHistories()

let code: string
beforeAll(async () => {
  // A history that does not fit is told by its result.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR' }) }
  Runtime.install({ logger: new DefaultLogger('ERROR', () => {}), telemetryOptions: { logging } })
  code = (await workflowBundle()).code
}, 60_000)
afterAll(() => Runtime.instance().shutdown())

/** Why each history does not fit the workflows of this working tree; empty when all do. */
async function misfits(histories: Recorded[]): Promise<string[]> {
  const found: string[] = []
  let replayed = 0
  const given = histories.map((one) => ({ workflowId: one.name, history: historyOf(one) }))
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { code } }, given)) {
    replayed += 1
    if (error) found.push(`${workflowId}: ${error.message.split('\n')[0]}`)
  }
  expect(replayed).toBe(histories.length)
  return found
}

const count = (eventType: string) =>
  recorded.filter(({ events }) => events.some((event) => event.eventType === `EVENT_TYPE_${eventType}`)).length

describe('plans and clocks that released versions have begun', () => {
  it('go on under the workflows of this working tree', async () => {
    expect(recorded.length).toBeGreaterThan(20)
    expect(await misfits(recorded)).toEqual([])
  }, 60_000)

  it.each([
    'WORKFLOW_EXECUTION_CONTINUED_AS_NEW',
    'WORKFLOW_EXECUTION_COMPLETED',
    'WORKFLOW_EXECUTION_SIGNALED',
    'WORKFLOW_EXECUTION_UPDATE_COMPLETED',
    'ACTIVITY_TASK_COMPLETED',
    'MARKER_RECORDED',
    'TIMER_FIRED',
    'TIMER_CANCELED',
    'UPSERT_WORKFLOW_SEARCH_ATTRIBUTES',
  ])('have been through %s', (eventType) => {
    expect(count(eventType)).toBeGreaterThan(0)
  })

  it('have taken up a change that was switched on, and not', () => {
    const isPatch = ({ markerRecordedEventAttributes: marker }: (typeof recorded)[0]['events'][0]) =>
      (marker as { markerName?: string } | undefined)?.markerName === 'core_patch'
    const changed = recorded.filter(({ events }) => events.some(isPatch)).length
    expect(changed).toBeGreaterThan(0)
    expect(changed).toBeLessThan(recorded.length)
  })

  it('ask no more within a workflow task than is answered before the SDK would carry the task on in another', () => {
    const most = recorded.map(({ events }) => {
      const tasks = events.flatMap((e) => {
        const marker = e.markerRecordedEventAttributes as { workflowTaskCompletedEventId?: string } | undefined
        return marker ? [marker.workflowTaskCompletedEventId] : []
      })
      return Math.max(0, ...[...new Set(tasks)].map((task) => tasks.filter((other) => other === task).length))
    })
    expect(Math.max(...most)).toBeGreaterThan(0)
    expect(Math.max(...most)).toBeLessThanOrEqual(3)
  })

  it('are found when they would not go on', async () => {
    const [clock] = recorded.filter(({ name }) => name.includes('clock'))
    if (!clock) throw new Error('no clock is recorded')
    const text = JSON.stringify(clock.events).replaceAll('"recordClock"', '"recordTheClock"')
    const other = { name: 'other', events: JSON.parse(text) as Recorded['events'] }
    expect(await misfits([clock])).toEqual([])
    expect(await misfits([other])).toEqual([expect.stringContaining('other: ')])
  })
})
