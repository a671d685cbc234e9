import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrate } from './migrate.ts'
import { openDatabase } from './orm.ts'
import { gapsInFence } from './tenancy/fence.ts'

/**
 * The SQL that would bring a freshly migrated database to what the entities say, or else what is open between tenants in
 * it; empty when all is well. `url` is a
 * database of a role that may make others: the comparison needs one of its own.
 */
export async function drift(url: string): Promise<string> {
  const name = `tenor_drift_${randomBytes(6).toString('hex')}`
  await run(url, (client) => client.query(`create database ${name}`))
  try {
    const fresh = new URL(url)
    fresh.pathname = `/${name}`
    await migrate(fresh.href)
    const orm = await openDatabase(fresh.href, { poolSize: 1 })
    try {
      const difference = (await orm.schema.getUpdateSchemaSQL({ wrap: false })).trim()
      // The snapshot is what the next migration starts from: behind, it would repeat what an earlier one has done.
      const isBehind = await orm.migrator.checkSchema()
      if (difference) return difference
      if (isBehind) return '-- the snapshot beside the migrations is not that of the entities'
      return (await run(fresh.href, gapsInFence)).map((gap) => `-- ${gap}`).join('\n')
    } finally {
      await orm.close()
    }
  } finally {
    await run(url, (client) => client.query(`drop database if exists ${name} with (force)`))
  }
}

async function run<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

if (import.meta.main) {
  const url = process.env.DATABASE_OWNER_URL
  if (!url) throw new Error('DATABASE_OWNER_URL is not set: a database whose role may make another one beside it.')
  const difference = await drift(url)
  if (difference) {
    console.error(
      `Entities and migrations differ (\`npm run db:migration\` writes what is missing), or tenants are not kept apart:\n\n${difference}`,
    )
    process.exitCode = 1
  } else {
    console.log('Entities and migrations agree, and every table keeps tenants apart.')
  }
}
