import { type CircuitChange, guarded } from './circuit.ts'
import { CustomerRefused, NoAnswer, type PaymentGateway } from './payments.ts'

const outage = () => Promise.reject(new NoAnswer('Stripe gave no answer (503, api_error)', { isOutage: true }))
const tooMany = () => Promise.reject(new NoAnswer('Stripe gave no answer (429, rate_limit)', { retryAfterMs: 1_000 }))
const answer = () => Promise.resolve(null)

let asked: number
let behave: () => Promise<null>
let now: number
let changes: CircuitChange[]
beforeEach(() => {
  asked = 0
  behave = outage
  now = Date.parse('2027-01-15T09:00:00Z')
  changes = []
})

/** Behaves alike whatever it is asked. */
function fake(): PaymentGateway {
  const call = async () => {
    asked += 1
    await behave()
    return Promise.reject(new CustomerRefused('unused', 'nobody looks at this answer'))
  }
  const readCustomer = () => {
    asked += 1
    return behave()
  }
  return {
    ...{ create: call, confirm: call, read: call, find: call, list: call, cancel: call, refund: call },
    ...{ readRefund: call, findRefund: call, saveCustomer: call, attachMethod: call, readCustomer },
  }
}

const circuit = () => guarded(fake(), { now: () => now, onChange: (change) => changes.push(change) })
const ends = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error: Error) => error.message,
  )

/** Asks so many times, one after the other; how many of them reached the gateway. */
async function reached(gateway: PaymentGateway, times: number): Promise<number> {
  const before = asked
  for (let n = 0; n < times; n += 1) await ends(gateway.readCustomer('cus_1'))
  return asked - before
}

async function open() {
  const gateway = circuit()
  await reached(gateway, 10)
  return gateway
}

describe('a gateway that fails again and again', () => {
  it('is asked nothing any more after ten failures in a row, and whoever asks is told so', async () => {
    const gateway = circuit()
    now += 1_000
    expect(await reached(gateway, 9)).toBe(9)
    expect(changes).toEqual([])
    now += 1_000
    expect(await reached(gateway, 50)).toBe(1)
    const since = new Date('2027-01-15T09:00:01Z')
    expect(changes).toEqual([{ isOpen: true, since, why: 'Stripe gave no answer (503, api_error)' }])
    const refused = gateway.readCustomer('cus_1')
    await expect(refused).rejects.toBeInstanceOf(NoAnswer)
    await expect(refused).rejects.toThrow(
      'Nothing was asked: the payment gateway has failed since 2027-01-15T09:00:01.000Z and is left alone until 2027-01-15T09:00:04.000Z',
    )
  })

  it('is left alone by whatever would be asked of it', async () => {
    const gateway = await open()
    const charge = { reference: 'r', key: 'k', amount: 1, currency: 'USD', metadata: {} }
    const person = { gatewayId: null, reference: 'c', name: 'Ada', email: 'ada@example.com', phone: null }
    const calls = [
      gateway.create({ ...charge, customer: 'cus_1', paymentMethod: 'pm_1', description: 'one' }),
      gateway.confirm('pi_1', 'k'),
      gateway.read('pi_1'),
      gateway.find('r', 'cus_1'),
      gateway.list('cus_1'),
      gateway.cancel('pi_1'),
      gateway.refund({ ...charge, payment: 'pi_1' }),
      gateway.readRefund('re_1'),
      gateway.findRefund('r', 'pi_1'),
      gateway.saveCustomer(person, 'k'),
      gateway.readCustomer('cus_1'),
      gateway.attachMethod('pm_1', 'cus_1'),
    ]
    for (const end of await Promise.all(calls.map(ends))) expect(end).toMatch('Nothing was asked')
    expect(asked).toBe(10)
  })

  it('is not one that answers in between, wants to be asked less often, or refuses', async () => {
    const gateway = circuit()
    await reached(gateway, 9)
    behave = answer
    await reached(gateway, 1)
    behave = outage
    expect(await reached(gateway, 9)).toBe(9)
    behave = () => Promise.reject(new CustomerRefused('email_invalid', 'no'))
    await reached(gateway, 1)
    behave = tooMany
    expect(await reached(gateway, 30)).toBe(30)
    expect(changes).toEqual([])
  })
})

describe('a gateway that is left alone', () => {
  it('is tried by one call after a pause, and after longer and longer ones up to half a minute', async () => {
    const gateway = await open()
    for (const seconds of [2, 4, 8, 16, 30, 30]) {
      expect(gateway.waitMs()).toBe(seconds * 1_000)
      now += seconds * 1_000 - 1
      expect(await reached(gateway, 5)).toBe(0)
      now += 1
      expect(await reached(gateway, 5)).toBe(1)
    }
    expect(changes).toHaveLength(1)
  })

  it('is asked nothing else while it is being tried', async () => {
    const gateway = await open()
    const { promise, resolve } = Promise.withResolvers<null>()
    behave = () => promise
    now += 60_000
    const trial = gateway.readCustomer('cus_1')
    expect(await reached(gateway, 5)).toBe(0)
    expect(gateway.waitMs()).toBeGreaterThan(0)
    resolve(null)
    expect(await ends(trial)).toBe('answered')
    expect(await reached(gateway, 5)).toBe(5)
  })

  it.each([
    ['answers', answer],
    ['refuses what it is asked', () => Promise.reject(new CustomerRefused('email_invalid', 'no'))],
    ['wants to be asked less often', tooMany],
  ])('is asked by all again once it %s', async (_, back) => {
    const gateway = await open()
    behave = back
    now += 2_000
    expect(await reached(gateway, 5)).toBe(5)
    expect(gateway.waitMs()).toBe(0)
    expect(changes).toMatchObject([{ isOpen: true }, { isOpen: false, since: new Date('2027-01-15T09:00:00Z') }])
    behave = outage
    expect(await reached(gateway, 15)).toBe(10)
    expect(gateway.waitMs()).toBe(2_000)
  })

  it('is not held to what fails late of all that was asked before', async () => {
    const gateway = circuit()
    const { promise, reject } = Promise.withResolvers<null>()
    behave = () => promise
    const late = Array.from({ length: 20 }, () => ends(gateway.readCustomer('cus_1')))
    behave = outage
    await reached(gateway, 10)
    behave = answer
    now += 2_000
    await reached(gateway, 1)
    reject(new NoAnswer('timed out', { isOutage: true }))
    expect(new Set(await Promise.all(late))).toEqual(new Set(['timed out']))
    expect(await reached(gateway, 5)).toBe(5)
  })
})

it('a gateway that works is waited for as long as the one behind says', async () => {
  const queued = { ...fake(), waitMs: () => 700, rest: (_ms: number) => {} }
  const gateway = guarded(queued, { now: () => now })
  expect(gateway.waitMs()).toBe(700)
  expect(gateway.rest).toBe(queued.rest)
  await reached(gateway, 10)
  expect(gateway.waitMs()).toBe(2_000)
})
