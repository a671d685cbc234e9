import { type StripeSandbox, startStripeSandbox } from '../sandbox/stripe/index.ts'
import { limited } from './limiter.ts'
import { NoAnswer } from './payments.ts'
import { stripeGateway } from './stripe/gateway.ts'

const PER_SECOND = 20
let sandbox: StripeSandbox
beforeAll(async () => {
  sandbox = await startStripeSandbox({ port: 0, webhookSecret: 'whsec_test', requestsPerSecond: PER_SECOND })
})
afterAll(() => sandbox.close())

const gateway = () => stripeGateway({ secretKey: 'sk_test_x', apiUrl: sandbox.url, returnUrl: 'http://localhost' })
const ends = (asked: Promise<unknown>[]) =>
  Promise.all(
    asked.map((one) =>
      one.then(
        () => 'answer',
        (error) => (error instanceof NoAnswer ? 'no answer' : error),
      ),
    ),
  )

describe('a gateway that allows so many requests a second', () => {
  it('turns some away when everybody asks at once', async () => {
    const plain = gateway()
    const answers = await ends(Array.from({ length: 3 * PER_SECOND }, (_, k) => plain.readCustomer(`cus_${k}`)))
    expect(answers).toContain('no answer')
  })

  it('turns nobody away when everybody waits for their turn', async () => {
    const inTurn = limited(gateway(), { requestsPerSecond: PER_SECOND * 0.8 })
    // The second in which the others were turned away.
    inTurn.rest(1_100)
    const answered: number[] = []
    const asked = Array.from({ length: 3 * PER_SECOND }, (_, k) =>
      inTurn.readCustomer(`cus_${k}`).then(() => answered.push(k)),
    )
    expect(inTurn.waitMs()).toBeGreaterThan(1_000)
    expect(await ends(asked)).toEqual(asked.map(() => 'answer'))
    expect(inTurn.waitMs()).toBeLessThan(1_000)
    expect(answered.toSorted((a, b) => a - b)).toEqual(asked.map((_, k) => k))
  })
})
