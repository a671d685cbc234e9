import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Opens the SQLite file a sandbox keeps its state in, or a database in memory when no folder is given.
 * Every commit is on disk before the call returns, so that a SIGKILL loses nothing that was answered.
 */
export function openStore(dataDir: string | undefined, name: string): DatabaseSync {
  if (dataDir) mkdirSync(dataDir, { recursive: true })
  const db = new DatabaseSync(dataDir ? join(dataDir, `${name}.sqlite`) : ':memory:')
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000')
  return db
}

/** Runs `work` in one transaction: committed when it returns, undone when it throws. Not reentrant. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

/** Small settings that outlive a restart: JSON values by name. */
export class Settings {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
    db.exec('CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)')
  }

  get<T>(name: string, otherwise: T): T {
    const row = this.#db.prepare('SELECT value FROM settings WHERE name = ?').get(name)
    return row ? (JSON.parse(String(row.value)) as T) : otherwise
  }

  set(name: string, value: unknown): void {
    this.#db
      .prepare('INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
      .run(name, JSON.stringify(value))
  }
}
