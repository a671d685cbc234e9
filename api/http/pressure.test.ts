import { setImmediate as turn } from 'node:timers/promises'
import { type Door, newDoor } from '../../test/support/door.ts'

let door: Door
beforeAll(async () => {
  door = await newDoor()
})
afterAll(() => door.close())

/** Leaves the event loop a turn now and then, until it is told to stop. */
function beBusy(): () => void {
  let isBusy = true
  void (async () => {
    while (isBusy) {
      const end = performance.now() + 150
      while (performance.now() < end);
      await turn()
    }
  })()
  return () => {
    isBusy = false
  }
}

async function until(ask: () => Promise<Response>, is: (status: number) => boolean): Promise<Response> {
  for (;;) {
    const answer = await ask()
    if (is(answer.status)) return answer
  }
}

describe('a process that cannot keep up', () => {
  it('answers 503 and when to come back, but never for health; says so in its metrics; and recovers', async () => {
    const { url } = await door.listen({ longestDelayMs: 30 })
    const ask = () => fetch(`${url}/payment_terms?limit=0`, { headers: { authorization: 'Bearer x' } })
    const stop = beBusy()
    const refused = await until(ask, (status) => status === 503)
    expect(refused.headers.get('retry-after')).toBe('2')
    expect(await refused.json()).toMatchObject({ code: 'overloaded' })
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
      /tenor_http_refused_total\{reason="event_loop",class="all"\} [1-9]/,
    )
    stop()
    expect((await until(ask, (status) => status !== 503)).status).toBe(400)
  })
})
