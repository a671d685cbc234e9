import { execFileSync } from 'node:child_process'
import { TEST_KEYS_TEXT } from '../test/support/keys.ts'
import { ConfigError, envExample, loadConfig } from './config.ts'
import { keysIn } from './keys.ts'

const COMPLETE = {
  DATABASE_URL: 'postgres://tenor_api:tenor@127.0.0.1:5432/tenor',
  DATABASE_WORKER_URL: 'postgres://tenor_worker:tenor@127.0.0.1:5432/tenor',
  DATABASE_OWNER_URL: 'postgres://tenor:tenor@127.0.0.1:5432/tenor',
  TEMPORAL_ADDRESS: '127.0.0.1:7233',
  STRIPE_SECRET_KEY: 'sk_test_1',
  STRIPE_WEBHOOK_SECRET: 'whsec_new, whsec_old',
  SMTP_URL: 'smtp://127.0.0.1:2525',
  MAIL_FROM: 'Tenor <billing@example.com>',
  BACK_OFFICE_EMAIL: 'back-office@example.com',
  SALESFORCE_LOGIN_URL: 'http://127.0.0.1:4607',
  SALESFORCE_CLIENT_ID: 'id',
  SALESFORCE_CLIENT_SECRET: 'secret',
  OIDC_ISSUER: 'https://login.example.com/',
  OIDC_AUDIENCE: 'tenor',
  TENOR_KEYS: TEST_KEYS_TEXT,
}

const complaint = (env: Record<string, string>) => {
  try {
    loadConfig(env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message
  }
  throw new Error('the configuration was taken')
}

describe('configuration', () => {
  it('is typed, with defaults, and keeps both webhook secrets of a rotation', () => {
    expect(loadConfig(COMPLETE)).toMatchObject({
      API_PORT: 4600,
      TEMPORAL_TASK_QUEUE: 'tenor',
      TEST_CLOCKS: false,
      WEBHOOK_ALLOW_PRIVATE: false,
      STRIPE_WEBHOOK_SECRET: ['whsec_new', 'whsec_old'],
    })
    expect(loadConfig({ ...COMPLETE, WORKFLOW_PATCHES: 'one, other' }).WORKFLOW_PATCHES).toEqual(['one', 'other'])
    expect(loadConfig({ ...COMPLETE, TEST_CLOCKS: 'true', API_PORT: '0' })).toMatchObject({
      TEST_CLOCKS: true,
      API_PORT: 0,
    })
  })

  it('takes proxies by address or network, and nothing else', () => {
    const proxies = (TRUSTED_PROXIES: string) => ({ ...COMPLETE, TRUSTED_PROXIES })
    expect(loadConfig(proxies('10.1.2.3, fd00::/8')).TRUSTED_PROXIES).toEqual(['10.1.2.3', 'fd00::/8'])
    expect(complaint(proxies('true'))).toContain('TRUSTED_PROXIES is wrong (must be addresses or networks)')
  })

  it('names every missing and every wrong variable at once, with what it is for', () => {
    const { DATABASE_URL: _, OIDC_AUDIENCE: __, ...rest } = COMPLETE
    const message = complaint({ ...rest, SMTP_URL: 'mail.example.com', API_PORT: '70000', STRIPE_SECRET_KEY: ' ' })
    expect(message).toContain('DATABASE_URL is missing: the PostgreSQL database')
    expect(message).toContain('STRIPE_SECRET_KEY is missing: the key that customers are charged')
    expect(message).toContain('SMTP_URL is wrong (must be a URL that begins with smtp://): the mail server')
    expect(message).toContain('API_PORT is wrong')
    expect(message).toContain('OIDC_AUDIENCE is missing')
    expect(message).not.toContain('TEMPORAL_ADDRESS')
  })

  it('wants of the logins to the database only the one that a program works with', () => {
    const { DATABASE_WORKER_URL: _, DATABASE_OWNER_URL: __, ...api } = COMPLETE
    expect(loadConfig(api, ['DATABASE_URL']).DATABASE_URL).toBe(COMPLETE.DATABASE_URL)
    const message = complaint(api)
    expect(message).toContain('DATABASE_WORKER_URL is missing: the same database')
    expect(message).toContain('DATABASE_OWNER_URL is missing')
  })

  it('never repeats a secret in a complaint', () => {
    expect(complaint({ ...COMPLETE, DATABASE_URL: 'mysql://root:hunter2@db/x' })).not.toContain('hunter2')
  })

  it('wants keys to encrypt with, that are some, and repeats none of them', () => {
    const { TENOR_KEYS: _, ...without } = COMPLETE
    expect(complaint(without)).toContain('TENOR_KEYS is missing: the keys that personal data')
    expect(loadConfig({ ...without, TENOR_KEYS_FILE: '/run/keys' }).TENOR_KEYS).toBeUndefined()
    expect(complaint({ ...COMPLETE, TENOR_KEYS_FILE: '/run/keys' })).toContain('exclude each other')
    const wrong = complaint({ ...COMPLETE, TENOR_KEYS: 'k1:c2hvcnQ=' })
    expect(wrong).toContain('TENOR_KEYS is wrong (the key "k1" is not 32 bytes in base64)')
    expect(wrong).not.toContain('c2hvcnQ')
    expect(() => keysIn({ TENOR_KEYS: undefined, TENOR_KEYS_FILE: '/nowhere' })).toThrow(
      'TENOR_KEYS_FILE (/nowhere) is wrong: cannot be read: ENOENT.',
    )
  })

  it('wants exactly one issuer of tokens', () => {
    const { OIDC_ISSUER: _, ...without } = COMPLETE
    expect(complaint(without)).toContain('OIDC_ISSUER is missing')
    const own = { TENOR_MODE: 'development', DEV_ISSUER_KEY_FILE: 'key.json' }
    expect(loadConfig({ ...without, ...own }).DEV_ISSUER_KEY_FILE).toBe('key.json')
    expect(complaint({ ...COMPLETE, ...own })).toContain('exclude each other')
  })

  it('lets Tenor sign tokens itself only where development is said in so many words, and no money is real', () => {
    const { OIDC_ISSUER: _, ...without } = COMPLETE
    const own = { ...without, DEV_ISSUER_KEY_FILE: 'key.json' }
    const refused = 'DEV_ISSUER_KEY_FILE is refused in production'
    expect(complaint(own)).toContain(refused)
    expect(complaint({ ...own, TENOR_MODE: 'production' })).toContain(refused)
    expect(complaint({ ...own, TENOR_MODE: 'dev' })).toContain(refused)
    for (const key of ['sk_live_1', 'rk_live_1']) {
      const live = { ...own, TENOR_MODE: 'development', STRIPE_SECRET_KEY: key }
      expect(complaint(live)).toContain('STRIPE_SECRET_KEY is a live key')
    }
    expect(loadConfig({ ...COMPLETE, STRIPE_SECRET_KEY: 'sk_live_1' }).TENOR_MODE).toBe('production')
  })

  it('says which variables are required and what the others are preset to, in .env.example', () => {
    const text = envExample()
    for (const name of Object.keys(COMPLETE)) expect(text).toMatch(new RegExp(`^#${name}=`, 'm'))
    expect(text).toMatch(/\(required by the API\)\n#DATABASE_URL=/)
    expect(text).toMatch(/\(required\)\n#TEMPORAL_ADDRESS=/)
    expect(text).toMatch(/\(default 4600\)\n#API_PORT=4600/)
  })

  it('is in .env.example as it stands', () => {
    expect(() => execFileSync('node_modules/.bin/node', ['scripts/env-example.ts', '--check'])).not.toThrow()
  })
})
