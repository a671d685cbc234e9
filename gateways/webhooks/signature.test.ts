import { Webhook } from 'standardwebhooks'
import { newSigningSecret, signatureHeaders } from './signature.ts'

const BODY = '{"type":"payment.completed","data":{"amount":10000,"name":"Zoë"}}'

describe('a signature', () => {
  it('is what the specification gives for its own example', () => {
    const body = '{"test": 2432232314}'
    const at = new Date(1_614_265_330_000)
    const headers = signatureHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', at, body, [
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    ])
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('is taken by the reference implementation with each of the secrets, and with no other', () => {
    const secrets = [newSigningSecret(), newSigningSecret()]
    const headers = signatureHeaders('evt_1_paid:3', new Date(), BODY, secrets)
    for (const secret of secrets) expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY))
    expect(() => new Webhook(newSigningSecret()).verify(BODY, headers)).toThrow('No matching signature')
    expect(() => new Webhook(secrets[0] ?? '').verify(`${BODY} `, headers)).toThrow('No matching signature')
  })

  it('is made with a secret of enough chance', () => {
    const secret = newSigningSecret()
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(newSigningSecret()).not.toBe(secret)
  })
})
