import { Client, Connection } from '@temporalio/client'
import pg from 'pg'
import { SEARCH_ATTRIBUTES } from '../../domain/plans/search-attributes.ts'
import { freshDatabase, temporalAddress } from './servers.ts'

describe('the servers that integration tests share', () => {
  it('give every caller a database of its own, and take it back even while it is in use', async () => {
    const [one, other] = await Promise.all([freshDatabase(), freshDatabase()])
    const client = new pg.Client({ connectionString: one.url })
    client.on('error', () => {})
    await client.connect()
    await client.query('create table only_here (id int)')
    const { rows } = await client.query('select rolsuper, rolbypassrls from pg_roles where rolname = current_user')
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false }])

    const second = new pg.Client({ connectionString: other.url })
    await second.connect()
    await expect(second.query('select * from only_here')).rejects.toThrow('does not exist')
    await second.end()

    await Promise.all([one.drop(), other.drop()])
    await expect(new pg.Client({ connectionString: one.url }).connect()).rejects.toThrow('does not exist')
    await client.end().catch(() => {})
  })

  it('know every search attribute', async () => {
    const connection = await Connection.connect({ address: temporalAddress() })
    const client = new Client({ connection })
    const queries = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => {
      const value = { Keyword: '"x"', Int: '0', Bool: 'true', Datetime: '"2027-01-01T00:00:00Z"' }[type]
      return client.workflow.count(`${name} = ${value} and WorkflowId = "nobody"`)
    })
    expect((await Promise.all(queries)).map((answer) => answer.count)).toEqual(queries.map(() => 0))
    await connection.close()
  })
})
