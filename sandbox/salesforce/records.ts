import { randomInt } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { inTransaction } from '../store.ts'
import { duplicate, notFound } from './errors.ts'
import { checkFields, type Fields, idPrefix, isExternalId } from './schema.ts'

type Action = 'create' | 'upsert' | 'update'
export type Change = { at: string; action: Action; fields: Fields }
export type SavedRecord = {
  id: string
  type: string
  fields: Fields
  history: Change[]
  created_at: string
  updated_at: string
}
export type Saved = { id: string; created: boolean }

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** The records of one organisation, with all that was ever written to each. */
export class SalesforceRecords {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
    db.exec(`
      CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL, body TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS external_ids (type TEXT NOT NULL, field TEXT NOT NULL,
        value TEXT NOT NULL COLLATE NOCASE, id TEXT NOT NULL, PRIMARY KEY (type, field, value));`)
  }

  /** Refuses an external id that another record has; without one it makes a new record each time. */
  create(type: string, given: unknown): Saved {
    const fields = checkFields(type, given)
    return inTransaction(this.#db, () => this.#insert(type, fields, 'create'))
  }

  upsert(type: string, field: string, value: string, given: unknown): Saved {
    const fields = checkFields(type, given)
    return inTransaction(this.#db, () => {
      const found = this.byExternalId(type, field, value)
      if (!found) return this.#insert(type, { ...fields, [field]: value }, 'upsert')
      this.#update(found, fields, 'upsert')
      return { id: found.id, created: false }
    })
  }

  update(type: string, id: string, given: unknown): void {
    const fields = checkFields(type, given)
    inTransaction(this.#db, () => this.#update(this.mustGet(type, id), fields, 'update'))
  }

  remove(type: string, id: string): void {
    const found = this.mustGet(type, id)
    inTransaction(this.#db, () => {
      this.#db.prepare('DELETE FROM records WHERE id = ?').run(found.id)
      this.#db.prepare('DELETE FROM external_ids WHERE id = ?').run(found.id)
    })
  }

  /** An id may be given with 15 or with 18 characters. */
  get(type: string, id: string): SavedRecord | undefined {
    const row = this.#db
      .prepare('SELECT body FROM records WHERE type = ? AND (id = ? OR substr(id, 1, 15) = ?)')
      .get(type, id, id)
    return row && (JSON.parse(String(row.body)) as SavedRecord)
  }

  mustGet(type: string, id: string): SavedRecord {
    const found = this.get(type, id)
    if (!found) throw notFound()
    return found
  }

  byExternalId(type: string, field: string, value: string): SavedRecord | undefined {
    const row = this.#db
      .prepare('SELECT id FROM external_ids WHERE type = ? AND field = ? AND value = ?')
      .get(type, field, value)
    return row && this.get(type, String(row.id))
  }

  /** In the order in which they were made. */
  all(type: string): SavedRecord[] {
    const rows = this.#db.prepare('SELECT body FROM records WHERE type = ? ORDER BY seq').all(type)
    return rows.map((row) => JSON.parse(String(row.body)) as SavedRecord)
  }

  clear(): void {
    this.#db.exec('DELETE FROM records; DELETE FROM external_ids')
  }

  #insert(type: string, given: Fields, action: Action): Saved {
    const now = new Date().toISOString()
    const id = this.#newId(type)
    const defaults: Fields =
      type === 'Case' ? { CaseNumber: this.#caseNumber(), Status: 'New', Priority: 'Medium' } : {}
    const fields = withClosing({ ...defaults, ...given }, now)
    const history: Change[] = [{ at: now, action, fields: given }]
    this.#linkExternalIds(type, id, given)
    const record: SavedRecord = { id, type, fields, history, created_at: now, updated_at: now }
    this.#db.prepare('INSERT INTO records (id, type, body) VALUES (?, ?, ?)').run(id, type, JSON.stringify(record))
    return { id, created: true }
  }

  #update(record: SavedRecord, given: Fields, action: Action): void {
    const now = new Date().toISOString()
    this.#linkExternalIds(record.type, record.id, given)
    const fields = withClosing({ ...record.fields, ...given }, now)
    const history = [...record.history, { at: now, action, fields: given }]
    const changed: SavedRecord = { ...record, fields, history, updated_at: now }
    this.#db.prepare('UPDATE records SET body = ? WHERE id = ?').run(JSON.stringify(changed), record.id)
  }

  #linkExternalIds(type: string, id: string, given: Fields): void {
    for (const [field, value] of Object.entries(given)) {
      if (!isExternalId(field)) continue
      const owner = this.byExternalId(type, field, String(value))
      if (owner && owner.id !== id) throw duplicate(field, owner.id)
      this.#db.prepare('DELETE FROM external_ids WHERE type = ? AND field = ? AND id = ?').run(type, field, id)
      if (value === null || value === '') continue
      this.#db.prepare('INSERT INTO external_ids VALUES (?, ?, ?, ?)').run(type, field, String(value), id)
    }
  }

  #newId(type: string): string {
    const random = Array.from({ length: 12 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
    const short = idPrefix(type) + random
    return short + checksum(short)
  }

  #caseNumber(): string {
    const made = Number(this.#db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'records'").get()?.seq ?? 0)
    return String(1001 + made).padStart(8, '0')
  }
}

/** A case is closed by its status; when it was is remembered until it is opened again. */
function withClosing(fields: Fields, now: string): Fields {
  if (fields.Status === undefined) return fields
  const isClosed = fields.Status === 'Closed'
  return { ...fields, IsClosed: isClosed, ClosedDate: isClosed ? (fields.ClosedDate ?? salesforceTime(now)) : null }
}

/** Salesforce writes "+0000" where others write "Z". */
export function salesforceTime(instant: string): string {
  return instant.replace('Z', '+0000')
}

/** The three characters that make a 15-character id safe where case is lost. */
function checksum(id: string): string {
  return [0, 5, 10]
    .map((from) => {
      const bits = Array.from(id.slice(from, from + 5), (letter, i) => (/[A-Z]/.test(letter) ? 1 << i : 0))
      return 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'[bits.reduce((sum, bit) => sum + bit, 0)]
    })
    .join('')
}

/** A record as the REST API answers it. */
export function asAnswer(record: SavedRecord, version: string, wanted?: string[]): Record<string, unknown> {
  const url = `/services/data/${version}/sobjects/${record.type}/${record.id}`
  const times = {
    CreatedDate: record.created_at,
    LastModifiedDate: record.updated_at,
    SystemModstamp: record.updated_at,
  }
  const stamps = Object.entries(times).map(([name, time]) => [name, salesforceTime(time)])
  const all: Record<string, unknown> = {
    Id: record.id,
    IsDeleted: false,
    ...record.fields,
    ...Object.fromEntries(stamps),
  }
  const shown = wanted ? Object.fromEntries(wanted.map((name) => [name, all[name] ?? null])) : all
  return { attributes: { type: record.type, url }, ...shown }
}
