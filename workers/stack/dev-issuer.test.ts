import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import { DEV_AUDIENCE, DEV_ISSUER, devIssuer, devIssuerOf } from './dev-issuer.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tenor-issuer-'))
})
afterEach(() => rmSync(home, { recursive: true }))

describe('the development issuer', () => {
  it('signs tokens that its public keys prove', async () => {
    const { sign, keys } = await devIssuer(home)
    const token = await sign({ sub: 'jane', tenant: 'acme', role: 'customer', customer: 'cus_1' }, '1h')
    const { payload } = await jwtVerify(token, keys, { issuer: DEV_ISSUER, audience: DEV_AUDIENCE })
    expect(payload).toMatchObject({ sub: 'jane', tenant: 'acme', role: 'customer', customer: 'cus_1' })
    expect(Number(payload.exp) - Number(payload.iat)).toBe(3600)
  })

  it('keeps its key over restarts, also when two start together', async () => {
    const issuers = await Promise.all([devIssuer(home), devIssuer(home)])
    const again = await devIssuerOf(join(home, 'dev-issuer.key.json'))
    for (const issuer of issuers) {
      const token = await issuer.sign({ sub: 'jane', tenant: 'acme', role: 'broker' })
      await expect(jwtVerify(token, again.keys)).resolves.toBeDefined()
    }
  })

  it('lets nobody else read the key, and checks with the public half of it', async () => {
    const { keyFile, keys } = await devIssuer(home)
    expect(statSync(keyFile).mode & 0o077).toBe(0)
    await expect(keys({ alg: 'ES256' }, {} as never)).resolves.toMatchObject({ type: 'public' })
  })
})
