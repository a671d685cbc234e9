import pg from 'pg'

/**
 * The roles that programs work as; a login is one of them or a member of one. The API's sees one tenant at a time. The
 * worker's, which ops use too, may ask for all tenants. Neither owns anything; tables are the migrating role's.
 */
export const ROLES = { api: 'tenor_api', worker: 'tenor_worker' } as const
export type RoleName = keyof typeof ROLES

/** Tables that are nobody's: everything else carries `tenant_id` and is fenced. */
export const TENANTLESS: readonly string[] = ['webhook_inbox']

/** Makes the roles where they are missing, and lets the migrating role reach all tenants when it asks for them. */
export async function ensureRoles(owner: pg.Client): Promise<void> {
  try {
    for (const role of Object.values(ROLES)) {
      if (!(await roleOf(owner, role))) await make(owner, `create role ${role} nologin`)
    }
    const member = await owner.query(`select pg_has_role(current_user, $1, 'usage') as is`, [ROLES.worker])
    if (!member.rows[0].is) await owner.query(`grant ${ROLES.worker} to current_user`)
  } catch (error) {
    if ((error as pg.DatabaseError).code !== INSUFFICIENT_PRIVILEGE) throw error
    const missing = `The roles ${Object.values(ROLES).join(' and ')} are not there, and this role may not make them`
    throw new Error(`${missing}: let an administrator run db/roles.sql first.`, { cause: error })
  }
}

/**
 * Makes the login that a URL names a login of that role, with the URL's password. One that is there already keeps its
 * password. To be called before the migrations.
 */
export async function ensureLogin(ownerUrl: string, role: RoleName, url: string): Promise<void> {
  const { username, password } = new URL(url)
  const name = decodeURIComponent(username)
  const owner = new pg.Client({ connectionString: ownerUrl, application_name: 'tenor-roles' })
  await owner.connect()
  try {
    await ensureRoles(owner)
    const login = `${pg.escapeIdentifier(name)} login password ${pg.escapeLiteral(decodeURIComponent(password))}`
    const known = await roleOf(owner, name)
    if (!known) await make(owner, `create role ${login}`)
    else if (!known.rolcanlogin) await owner.query(`alter role ${login}`)
    if (name !== ROLES[role]) await owner.query(`grant ${ROLES[role]} to ${pg.escapeIdentifier(name)}`)
  } finally {
    await owner.end()
  }
}

/**
 * Lets both roles work with every table that is fenced or is nobody's. A table that is neither they cannot touch, so that
 * one whose policies were forgotten is no leak. To be called after migrations, by the owner.
 */
export async function grantRights(owner: pg.Client): Promise<void> {
  const { rows } = await owner.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class where relnamespace = current_schema()::regnamespace
      and relkind in ('r', 'p') and (relforcerowsecurity or relname = any($1))`,
    [TENANTLESS],
  )
  if (rows.length === 0) return
  const roles = Object.values(ROLES).join(', ')
  const schema = await owner.query<{ name: string }>('select quote_ident(current_schema()) as name')
  await owner.query(`grant select, insert, update, delete on ${rows.map(({ name }) => name).join(', ')} to ${roles}`)
  await owner.query(`grant usage on all sequences in schema ${schema.rows[0]?.name} to ${roles}`)
}

/** The role that a program connects with could pass the fence between tenants by. */
export class UnsafeRole extends Error {
  override name = 'UnsafeRole'
}

const STRENGTHS = `select session_user as name,
    coalesce(bool_or(rolsuper), false) as "is a superuser",
    coalesce(bool_or(rolbypassrls), false) as "has BYPASSRLS",
    coalesce(bool_or(exists (select from pg_class c where c.relowner = r.oid and c.relkind in ('r', 'p', 'v')
      and c.relnamespace = current_schema()::regnamespace)), false) as "owns the tables",
    coalesce(bool_or(rolname = $1), false) as "may ask for all tenants"
  from pg_roles r where pg_has_role(session_user, r.oid, 'member')`

/** Throws `UnsafeRole` unless the connection's role, and every role that it could become, is bound by the fence. */
export async function refuseUnsafeRole(
  query: (sql: string, values: unknown[]) => Promise<pg.QueryResult>,
  role: RoleName,
): Promise<void> {
  // The worker's role is meant to ask for all tenants; no role is called ''.
  const { rows } = await query(STRENGTHS, [role === 'api' ? ROLES.worker : ''])
  const { name, ...strengths } = rows[0] as { name: string } & Record<string, boolean>
  const found = Object.keys(strengths).filter((strength) => strengths[strength])
  if (found.length === 0) return
  throw new UnsafeRole(
    `The database role ${name} ${found.join(', ')}: what keeps tenants apart would not bind it. Connect as ${ROLES[role]} or a member of it (docs/operations.md, Roles of the database).`,
  )
}

const INSUFFICIENT_PRIVILEGE = '42501'
/** Roles are of the whole cluster: another database's migration may have made it at this moment. */
const THERE_ALREADY = ['42710', '23505']

async function make(owner: pg.Client, statement: string): Promise<void> {
  await owner.query(statement).catch((error: pg.DatabaseError) => {
    if (!THERE_ALREADY.includes(error.code ?? '')) throw error
  })
}

async function roleOf(owner: pg.Client, name: string): Promise<{ rolcanlogin: boolean } | undefined> {
  const { rows } = await owner.query<{ rolcanlogin: boolean }>('select rolcanlogin from pg_roles where rolname = $1', [
    name,
  ])
  return rows[0]
}
