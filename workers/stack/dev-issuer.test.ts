import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { DEV_AUDIENCE, DEV_ISSUER, devIssuer } from './dev-issuer.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tenor-issuer-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const keysOf = (file: string) => createLocalJWKSet(JSON.parse(readFileSync(file, 'utf8')))

describe('the development issuer', () => {
  it('signs tokens that its public keys prove', async () => {
    const { sign, jwksFile } = await devIssuer(home)
    const token = await sign({ sub: 'jane', tenant: 'acme', role: 'customer', customer: 'cus_1' }, '1h')
    const { payload } = await jwtVerify(token, keysOf(jwksFile), { issuer: DEV_ISSUER, audience: DEV_AUDIENCE })
    expect(payload).toMatchObject({ sub: 'jane', tenant: 'acme', role: 'customer', customer: 'cus_1' })
    expect(Number(payload.exp) - Number(payload.iat)).toBe(3600)
  })

  it('keeps its key over restarts, also when two start together', async () => {
    const issuers = await Promise.all([devIssuer(home), devIssuer(home)])
    const again = await devIssuer(home)
    for (const issuer of issuers) {
      const token = await issuer.sign({ sub: 'jane', tenant: 'acme', role: 'broker' })
      await expect(jwtVerify(token, keysOf(again.jwksFile))).resolves.toBeDefined()
    }
  })

  it('lets nobody else read the key, and publishes no private part', async () => {
    const { jwksFile } = await devIssuer(home)
    expect(statSync(join(home, 'dev-issuer.key.json')).mode & 0o077).toBe(0)
    expect(JSON.parse(readFileSync(jwksFile, 'utf8')).keys[0]).not.toHaveProperty('d')
  })
})
