import { ConfigError, loadConfig } from '../config.ts'
import { composeStack } from './composition.ts'
import { portsFrom } from './ports.ts'

const compose = (env: Record<string, string>) => composeStack(env, portsFrom(4000), '/data', '/data/key.json')
const own = (env: Record<string, string>) => [...compose(env).own].sort()

const ALL = ['api', 'mail', 'postgres', 'salesforce', 'stripe', 'temporal', 'worker']
const without = (...parts: string[]) => ALL.filter((part) => !parts.includes(part))

const DATABASE = {
  DATABASE_URL: 'postgres://tenor_api@db/tenor',
  DATABASE_WORKER_URL: 'postgres://tenor_worker@db/tenor',
  DATABASE_OWNER_URL: 'postgres://me@db/tenor',
}

describe('what npm start brings up', () => {
  it('is everything when nothing is named, on ports from the base on', () => {
    expect(own({})).toEqual(ALL)
    expect(loadConfig(compose({}).env)).toMatchObject({
      API_PORT: 4000,
      TEMPORAL_ADDRESS: '127.0.0.1:4001',
      STRIPE_API_URL: 'http://127.0.0.1:4004',
      TENOR_MODE: 'development',
      DEV_ISSUER_KEY_FILE: '/data/key.json',
      TEST_CLOCKS: true,
      WEBHOOK_ALLOW_PRIVATE: true,
      WORKFLOW_PATCHES: ['all'],
    })
  })

  it.each([
    ['postgres', DATABASE],
    ['temporal', { TEMPORAL_ADDRESS: 'temporal:7233' }],
    ['stripe', { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' }],
    ['mail', { SMTP_URL: 'smtp://mail:25' }],
    [
      'salesforce',
      { SALESFORCE_LOGIN_URL: 'https://login', SALESFORCE_CLIENT_ID: 'id', SALESFORCE_CLIENT_SECRET: 'secret' },
    ],
  ])('leaves out %s when it is named', (part, env) => {
    expect(own(env)).toEqual(without(part))
    expect(compose(env).env).toMatchObject(env)
  })

  it('looks for the pages of a Temporal that is named on the same host, unless they are named too', () => {
    expect(loadConfig(compose({ TEMPORAL_ADDRESS: 'temporal:7233' }).env).TEMPORAL_UI_URL).toBe('http://temporal:8233')
    const named = { TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_UI_URL: 'https://cloud.example.com' }
    expect(loadConfig(compose(named).env).TEMPORAL_UI_URL).toBe('https://cloud.example.com')
  })

  it('charges at Stripe itself when a key is given and no other address', () => {
    const { env } = compose({ STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' })
    expect(loadConfig(env).STRIPE_API_URL).toBeUndefined()
  })

  it('takes tokens of an issuer that is named instead of its own', () => {
    const composed = compose({ OIDC_ISSUER: 'https://login.example.com', OIDC_AUDIENCE: 'tenor' })
    expect(composed.ownIssuer).toBe(false)
    expect(loadConfig(composed.env)).toMatchObject({ TENOR_MODE: 'production' })
    expect(loadConfig(composed.env).DEV_ISSUER_KEY_FILE).toBeUndefined()
  })

  it('does not move real money for tokens of its own', () => {
    const live = { STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' }
    expect(() => compose(live)).toThrow('STRIPE_SECRET_KEY is a live key')
    const named = compose({ ...live, OIDC_ISSUER: 'https://login.example.com', OIDC_AUDIENCE: 'tenor' })
    expect(loadConfig(named.env).STRIPE_API_URL).toBeUndefined()
  })

  it('takes a database that is named by one URL for the owner of it, and makes the other logins beside', () => {
    const { env } = compose({ DATABASE_URL: 'postgres://me:secret@db:5433/tenor?sslmode=require' })
    expect(env).toMatchObject({
      DATABASE_OWNER_URL: 'postgres://me:secret@db:5433/tenor?sslmode=require',
      DATABASE_URL: 'postgres://tenor_api:secret@db:5433/tenor?sslmode=require',
      DATABASE_WORKER_URL: 'postgres://tenor_worker:secret@db:5433/tenor?sslmode=require',
    })
    expect(own({ DATABASE_URL: 'postgres://me@db/tenor' })).toEqual(without('postgres'))
  })

  it('refuses a database of which two logins are named, and what is no URL', () => {
    const { DATABASE_OWNER_URL: _, ...two } = DATABASE
    expect(() => compose(two)).toThrow('DATABASE_OWNER_URL is missing')
    expect(() => compose({ DATABASE_URL: 'db.example.com' })).toThrow('DATABASE_URL is wrong')
  })

  it('refuses a gateway that is named by half', () => {
    expect(() => compose({ STRIPE_SECRET_KEY: 'sk_test_1' })).toThrow(ConfigError)
    expect(() => compose({ SALESFORCE_LOGIN_URL: 'https://login' })).toThrow('SALESFORCE_CLIENT_SECRET is missing')
  })

  it('treats a variable that is set but empty as not set', () => {
    expect(own({ DATABASE_URL: '', SMTP_URL: ' ' })).toEqual(ALL)
  })
})

it('refuses a port base that leaves no room', () => {
  expect(() => portsFrom(65_530)).toThrow(RangeError)
  expect(() => portsFrom(Number('x'))).toThrow(RangeError)
  expect(new Set(Object.values(portsFrom(4000))).size).toBe(Object.keys(portsFrom(4000)).length)
})
