import { Migration } from '@mikro-orm/migrations'
import { blindIndex, type KeyRing } from '../../secrets/key-ring.ts'
import { seal } from '../../secrets/sealed.ts'
import { keysOf } from '../keys.ts'

type Row = Record<string, string | null>
/** The columns of a row as they shall be. */
type Seal = (keys: KeyRing, row: Row) => Row

const BATCH = 1_000
const SEALED = ['customers', 'plans', 'idempotency_keys', 'webhook_endpoints']

/** Personal data and secrets are encrypted from here on; what is there already is encrypted by this migration. */
export class Migration20261121120821_sealed extends Migration {
  override name = 'Migration20261121120821_sealed'

  override async up(): Promise<void> {
    await this.execute(`alter table "customers" add "email_index" text null, add "phone_index" text null;`)
    await this.execute(
      `alter table "customers" alter column "default_payment_method" type text using ("default_payment_method"::text);`,
    )
    // A kept answer was text within JSON.
    await this.execute(`alter table "idempotency_keys" alter column "body" type text using ("body" #>> '{}');`)
    await this.execute(`alter table "plans" alter column "request" type text using ("request"::text);`)
    await this.sealAll('customers', ['tenant_id', 'id'], sealCustomer)
    await this.sealAll('plans', ['id'], (keys, { id, request }) => ({
      request: seal(keys, ['plans', 'request', id ?? ''], request ?? ''),
    }))
    await this.sealAll('idempotency_keys', ['tenant_id', 'caller', 'route', 'key'], sealAnswer)
    await this.sealAll('webhook_endpoints', ['id'], sealSecrets)
    await this.execute(`alter table "customers" alter column "email_index" set not null;`)
    await this.execute(`create index "customers_email" on "customers" ("tenant_id", "email_index");`)
    await this.execute(
      `create index "customers_phone" on "customers" ("tenant_id", "phone_index") where phone_index is not null;`,
    )
  }

  /** Keys are asked for only when there is something to seal: an empty database is made without any. */
  private async sealAll(table: string, key: string[], sealed: Seal): Promise<void> {
    const order = key.join(', ')
    const marks = key.map(() => '?').join(', ')
    for (let after: (string | null)[] | undefined; ; ) {
      const rows = (await this.execute(
        `select * from ${table} ${after ? `where (${order}) > (${marks})` : ''} order by ${order} limit ${BATCH}`,
        after ?? [],
      )) as Row[]
      for (const row of rows) {
        const columns = Object.entries(sealed(keysOf({ config: this.config }), row))
        await this.execute(
          `update ${table} set ${columns.map(([name]) => `${name} = ?`).join(', ')} where (${order}) = (${marks})`,
          [...columns.map(([, value]) => value), ...key.map((name) => row[name])],
        )
      }
      const last = rows.at(-1)
      if (!last) return
      after = key.map((name) => last[name] ?? null)
    }
  }

  override async down(): Promise<void> {
    for (const table of SEALED) {
      const rows = await this.execute(`select from ${table} limit 1`)
      if (rows.length > 0) throw new Error(`${table}: what is encrypted stays so; restore a backup from before.`)
    }
    this.addSql(`drop index "customers_email";`)
    this.addSql(`drop index "customers_phone";`)
    this.addSql(`alter table "customers" drop column "email_index", drop column "phone_index";`)
    this.addSql(
      `alter table "customers" alter column "default_payment_method" type jsonb using ("default_payment_method"::jsonb);`,
    )
    this.addSql(`alter table "idempotency_keys" alter column "body" type jsonb using ("body"::jsonb);`)
    this.addSql(`alter table "plans" alter column "request" type jsonb using ("request"::jsonb);`)
  }
}

const sealCustomer: Seal = (keys, row) => {
  const { tenant_id: tenant = '', id = '', email, phone } = row as Record<string, string>
  const sealed = (column: string) => {
    const value = row[column]
    return value == null ? null : seal(keys, ['customers', column, tenant, id], value)
  }
  return {
    name: sealed('name'),
    email: sealed('email'),
    phone: sealed('phone'),
    default_payment_method: sealed('default_payment_method'),
    email_index: blindIndex(keys, ['customers', 'email', tenant], (email ?? '').trim().toLowerCase()),
    phone_index: phone ? blindIndex(keys, ['customers', 'phone', tenant], phone.replace(/[^0-9+]/g, '')) : null,
  }
}

const sealAnswer: Seal = (keys, row) => {
  const {
    tenant_id: tenant = '',
    caller = '',
    route = '',
    key = '',
    request_hash: hash = '',
  } = row as Record<string, string>
  const { body } = row
  return {
    request_hash: blindIndex(keys, ['idempotency_keys', 'request'], hash),
    body: body == null ? null : seal(keys, ['idempotency_keys', 'body', tenant, caller, route, key], body),
  }
}

const sealSecrets: Seal = (keys, { id, secrets }) => {
  const kept = (typeof secrets === 'string' ? JSON.parse(secrets) : secrets) as { secret: string }[]
  const place = ['webhook_endpoints', 'secrets', id ?? ''] as const
  return { secrets: JSON.stringify(kept.map((one) => ({ ...one, secret: seal(keys, place, one.secret) }))) }
}
