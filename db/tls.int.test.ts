import { freshDatabase } from '../test/support/servers.ts'
import { type TlsWay, tlsFile, tlsWay } from '../test/support/tls/index.ts'
import { openDatabase } from './orm.ts'
import { withoutTenant } from './tenancy/scope.ts'

let url: URL
let way: TlsWay
beforeAll(async () => {
  url = new URL((await freshDatabase()).urls.worker)
  way = await tlsWay(Number(url.port), { asked: true })
  url.port = String(way.port)
}, 60_000)
afterAll(() => way?.close())

/** What the database answers that is spoken to as the URL says. */
async function ask(search: Record<string, string>): Promise<unknown> {
  const at = new URL(url)
  for (const [name, value] of Object.entries(search)) at.searchParams.set(name, value)
  const orm = await openDatabase(at.href, { role: 'worker', connectTimeoutMs: 5_000 })
  try {
    return await withoutTenant(() => orm.em.getConnection().execute('select 1 as one'))
  } finally {
    await orm.close(true)
  }
}

describe('a database that takes TLS only', () => {
  it('is spoken to by TLS when its URL says so, by each connection of the pool', async () => {
    expect(await ask({ sslmode: 'verify-full', sslrootcert: tlsFile('ca.crt') })).toEqual([{ one: 1 }])
    expect([way.taken(), way.refused()]).toEqual([2, 0])
  })

  it('is not believed when somebody else vouches for it', async () => {
    await expect(ask({ sslmode: 'verify-full' })).rejects.toThrow(/certificate/)
  })

  it('is not spoken to otherwise', async () => {
    await expect(ask({})).rejects.toThrow()
  })
})
