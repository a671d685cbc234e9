import type { MikroORM } from '@mikro-orm/postgresql'
import { extractText, getDocumentProxy } from 'unpdf'
import { closeStatement, openStatement, putLeaseChanges, putLines } from '../../db/leasing/close-statement.ts'
import { openDatabase } from '../../db/orm.ts'
import { Notifications } from '../../db/plans/notifications.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import { openPeriod } from '../../domain/leasing/statements.ts'
import type { Letter } from '../../gateways/mail/mailer.ts'
import { TEST_KEYS } from '../../test/support/keys.ts'
import { addClient, addDeductions, addLeaseChanges, addLeases, MONTHLY } from '../../test/support/leasing.ts'
import { freshDatabase } from '../../test/support/servers.ts'
import { deliverNotices } from './deliver-notices.ts'

const FEBRUARY = openPeriod({ date: '2027-02-01', at: '2027-02-01T05:00:00Z' }, MONTHLY)

let database: Awaited<ReturnType<typeof freshDatabase>>
let owner: MikroORM
let orm: MikroORM
beforeAll(async () => {
  database = await freshDatabase()
  owner = await openDatabase(database.url, { keys: TEST_KEYS })
  orm = await openDatabase(database.urls.worker, { role: 'worker', keys: TEST_KEYS })
})
afterAll(async () => {
  await Promise.all([owner.close(), orm.close()])
  await database.drop()
})

/** A client whose February comes to this much for each of three leases; what it is told of it. */
async function told(id: string, amount: number, label: string | null, locale: string | null = null): Promise<Letter> {
  const prefix = id.slice(4)
  const method = label === null ? null : { id: 'pm_1', type: 'card', label }
  await addClient(owner.em.fork(), { id, method, locale })
  await addLeases(owner.em.fork(), { client: id, prefix, count: 3 })
  await addDeductions(owner.em.fork(), { prefix, count: 3, number: 1, amount, at: '2027-02-10T14:00:00Z' })
  const lease = (n: number) => `ls_${prefix}_${n}`
  await addLeaseChanges(owner.em.fork(), [
    { lease: lease(1), change: 'began', at: '2027-02-03T14:00:00Z', monthly: 8_333 },
    { lease: lease(2), change: 'changed', at: '2027-02-20T14:00:00Z', monthly: 9_000, previousMonthly: 8_333 },
    { lease: lease(3), change: 'ended', at: '2027-02-05T14:00:00Z', previousMonthly: 8_333, how: 'buy_out' },
  ])
  await inTenant('acme', async () => {
    const statement = await openStatement(orm.em.fork(), { id, tenant: 'acme' }, FEBRUARY, FEBRUARY.cutOff)
    await putLines(orm.em.fork(), statement.id, 10)
    await putLeaseChanges(orm.em.fork(), statement.id, 10)
    await closeStatement(orm.em.fork(), statement.id, FEBRUARY.cutOff)
  })
  const sent: Letter[] = []
  const mailer = { send: async (letter: Letter) => void sent.push(letter), close: () => {} }
  await deliverNotices({ em: () => orm.em.fork(), mailer, backOffice: 'office@example.com' })
  expect(await owner.em.fork().findOneOrFail(Notifications, { customerId: id })).toMatchObject({ status: 'sent' })
  const [letter, ...others] = sent
  if (!letter || others.length > 0) throw new Error(`${sent.length} letters were sent`)
  return letter
}

describe('the letter of a statement', () => {
  it('says what is charged to what, with every line attached', async () => {
    const letter = await told('cli_owes', 8_333, 'Visa •••• 4242')
    expect(letter.to).toEqual({ name: 'Globex Inc.', address: 'payroll@cli-owes.example' })
    expect(letter.subject).toBe('Statement 1: $249.99 to pay')
    expect(letter.text).toContain('Your statement of February 1, 2027 to February 28, 2027 is closed.')
    expect(letter.text).toContain('We charge $249.99 to Visa •••• 4242 now')
    const [pdf, csv] = letter.attachments ?? []
    expect([pdf?.filename, csv?.filename]).toEqual(['st_owes_1.pdf', 'st_owes_1.csv'])
    expect(pdf?.content.subarray(0, 5).toString()).toBe('%PDF-')
    expect(csv?.content.toString().trimEnd().split('\r\n')).toHaveLength(7)
  })

  it.each([
    ['en-US', ['New 2027-02-03 USD 83.33', 'Changed 2027-02-20 USD 83.33 USD 90.00', 'Ended: bought 2027-02-05']],
    [
      'fr-FR',
      [
        'Nouvelle 2027-02-03 83,33 USD',
        'Modifiée 2027-02-20 83,33 USD 90,00 USD',
        'Terminée : appareil acheté 2027-02-05',
      ],
    ],
  ])('lists in %s which leases are new, changed and ended', async (locale, said) => {
    const { attachments } = await told(`cli_${locale.slice(0, 2)}`, 8_333, null, locale)
    const pdf = await getDocumentProxy(new Uint8Array(attachments?.[0]?.content ?? []))
    const { text } = await extractText(pdf, { mergePages: true })
    const words = text.replace(/\s+/g, ' ')
    for (const what of said) expect(words).toContain(what)
  })

  it('asks for a payment method where there is none, and says what is carried over where nothing is owed', async () => {
    expect((await told('cli_unpaid', 100, null)).text).toContain('Please give us a payment method to charge.')
    const credit = await told('cli_credit', -100, null)
    expect(credit.subject).toBe('Statement 1: nothing to pay')
    expect(credit.text).toContain('Carried to the next: -$3.00')
  })
})
