import { parseArgs } from 'node:util'
import { isOfCompanyOnly, isOwingOnly, ROLES, type Role } from '../domain/identity/roles.ts'
import { DEFAULT_TENANT, devIssuer } from './stack/dev-issuer.ts'

const USAGE = `npm run token -- --role <role> [--tenant <tenant>] [--customer <customer id>] [--client <client id>] [--sub <who>] [--ttl 8h]
Prints a bearer token of the development issuer. Roles: ${ROLES.join(', ')}.`

/** Prints a token for the stack of this data folder. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      role: { type: 'string', default: 'admin' },
      tenant: { type: 'string', default: DEFAULT_TENANT },
      customer: { type: 'string' },
      client: { type: 'string' },
      sub: { type: 'string' },
      ttl: { type: 'string', default: '8h' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(USAGE)
  const role = ROLES.find((known) => known === values.role)
  if (!role) throw new Error(`There is no role "${values.role}".`)
  if (isOwingOnly([role]) && !values.customer) throw new Error(`A token of role ${role} needs --customer.`)
  if (isOfCompanyOnly([role]) && !values.client) throw new Error(`A token of role ${role} needs --client.`)
  const issuer = await devIssuer(process.env.TENOR_HOME || '.tenor')
  console.log(
    await issuer.sign({ sub: values.sub ?? subject(role, values.customer), ...claims(values, role) }, values.ttl),
  )
}

function subject(role: Role, customer: string | undefined): string {
  return customer ?? `dev-${role}`
}

type Named = { tenant: string; customer?: string; client?: string }
function claims({ tenant, customer, client }: Named, role: Role) {
  return { tenant, role, ...(customer && { customer }), ...(client && { client }) }
}

await main().catch((error: Error) => {
  console.error(`${error.message}\n${USAGE}`)
  process.exitCode = 1
})
