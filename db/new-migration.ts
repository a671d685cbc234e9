import { openDatabase } from './orm.ts'

/** Writes the migration from the snapshot of the last one to the entities as they are. */
const url = process.env.DATABASE_OWNER_URL
if (!url) throw new Error('DATABASE_OWNER_URL is not set: any empty or migrated database will do.')
const orm = await openDatabase(url)
try {
  const { fileName } = await orm.migrator.create(undefined, false, false, process.argv[2])
  console.log(fileName || 'nothing has changed')
} finally {
  await orm.close()
}
