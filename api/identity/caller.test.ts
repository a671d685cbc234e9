import type { Role } from '../../domain/identity/roles.ts'
import { onlyClient, onlyCustomer } from './caller.ts'

const caller = (roles: Role[], named: { customer?: string; client?: string } = {}) => ({
  ...{ sub: 'x', tenant: 'acme', customer: null, client: null },
  ...named,
  roles,
})

describe('what a caller is limited to', () => {
  it.each([
    [['employee'], 'emp_1', null],
    [['customer', 'employee'], 'emp_1', null],
    [['client_admin'], null, 'cli_1'],
    [['client_admin', 'employee'], null, 'cli_1'],
    [['client_admin', 'agent'], null, null],
    [['employee', 'admin'], null, null],
  ] satisfies [Role[], string | null, string | null][])('%p', (roles, customer, client) => {
    const one = caller(roles, { customer: 'emp_1', client: 'cli_1' })
    expect([onlyCustomer(one), onlyClient(one)]).toEqual([customer, client])
  })

  it('is nothing there is, when nobody is named', () => {
    expect([onlyCustomer(caller(['employee'])), onlyClient(caller(['client_admin']))]).toEqual(['', ''])
  })
})
