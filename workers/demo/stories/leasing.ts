import type { Member } from '../cast.ts'
import { type Company, type LeaseAnswer, openCompany } from '../company.ts'
import { closeCompany } from '../lease-books.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

const ORBIT = { name: 'Orbit 8', price: 96_000, units: 3 }
const SLATE = { name: 'Slate 11', price: 120_000, units: 1 }
const MIA = 'Mia Chen'
const NOAH = 'Noah Diallo'
const OLGA = 'Olga Petrova'

/** Who plays in it, from the scene on in which they come up. */
type Cast = { company: Company; mia: Member; noah: Member; olga: Member }

/** A company's year: three employees lease, and what can happen to it from the order to the end. */
export const leasing: Story = {
  title: "A year of a company whose employees lease, deducted from their pay, on the company's test clock",
  opens: '2027-01-04T15:00:00Z',
  ...played(),
}

function played(): Pick<Story, 'scenes' | 'close'> {
  const cast: Partial<Cast> = {}
  const of = (): Cast => {
    const { company, mia, noah, olga } = cast
    if (!company || !mia || !noah || !olga) throw new Error('The orders come before the rest.')
    return { company, mia, noah, olga }
  }
  return {
    scenes: [
      {
        title: 'Devices are taken in, the store is opened, three employees order',
        play: async (stage) => void Object.assign(cast, await ordered(stage)),
      },
      { title: 'Sent, and arrived: the terms begin', play: (stage) => delivered(stage, of()) },
      {
        title: 'Month by month off pay, and one statement for all of them',
        play: (s) => s.playTo('2027-03-02T17:00:00Z'),
      },
      { title: 'A statement bounces, and is recovered the day after', play: (stage) => bounced(stage, of()) },
      { title: 'Another device instead, previewed first', play: (stage) => exchanged(stage, of()) },
      { title: 'An employee leaves: the lease ends by the rule of the company', play: (stage) => left(stage, of()) },
      { title: 'The end of the term: one is bought, one comes back', play: (stage) => ended(stage, of()) },
    ],
    close: (stage, narrator) => closeCompany(stage, of().company, narrator),
  }
}

async function ordered(stage: Stage): Promise<Cast> {
  const company = await openCompany(stage, [ORBIT, SLATE], [MIA, NOAH, OLGA])
  await company.officeSays({
    what: `${ORBIT.units} ${ORBIT.name} and ${SLATE.units} ${SLATE.name} are taken in`,
    tone: 'quiet',
  })
  await company.says({ what: 'The store is open: 12 months by payroll, for three employees', tone: 'quiet' })
  const [mia, noah] = [await company.order(MIA, ORBIT.name), await company.order(NOAH, ORBIT.name)]
  const first = await company.order(OLGA, SLATE.name)
  const wanted = { letter: 'dispatch.wanted', to: 'back_office' } as const
  await stage.tell(first, {
    what: 'The back office is asked to dispatch, and does not find it',
    look: wanted,
    tone: 'quiet',
  })
  await stage.api.post(`${first.path}/out_of_stock`)
  await stage.hear(first, 'lease.terminated')
  const olga = await company.order(OLGA, ORBIT.name)
  return { company, mia, noah, olga }
}

async function delivered(stage: Stage, { mia, noah, olga }: Cast): Promise<void> {
  await stage.playTo('2027-01-06T15:00:00Z')
  for (const [k, member] of [mia, noah, olga].entries()) {
    await stage.api.post(`${member.path}/dispatched`, { tracking: `parcel 70${k + 1}` })
    await stage.hear(member, 'lease.dispatched')
  }
  await stage.playTo('2027-01-11T15:00:00Z')
  for (const member of [mia, noah, olga]) {
    await stage.api.post(`${member.path}/delivered`)
    await stage.hear(member, 'lease.delivered')
  }
}

async function bounced(stage: Stage, { company }: Cast): Promise<void> {
  await stage.sandboxes.nextCharges(company.client, ['insufficient_funds'])
  await stage.playTo('2027-04-01T16:00:00Z')
  await stage.playTo('2027-04-02T16:00:00Z')
}

async function exchanged(stage: Stage, { company, olga }: Cast): Promise<void> {
  await stage.playTo('2027-06-03T15:00:00Z')
  await checkIn(stage, company, SLATE.name)
  const path = `${olga.path}/exchange`
  const body = { device_code: company.codes.get(SLATE.name) }
  const preview = await stage.api.post<LeaseAnswer>(`${path}?preview=true`, body)
  const monthly = preview.installments.findLast(({ status }) => status === 'scheduled')?.amount ?? 0
  await stage.tell(olga, { what: `${SLATE.name}, previewed: a month from now on`, amount: monthly, tone: 'quiet' })
  const { total_amount: total } = await stage.api.post<LeaseAnswer>(path, body)
  if (total !== preview.total_amount) throw new Error('The device was exchanged otherwise than shown.')
  await stage.hear(olga, 'lease.exchanged')
  await checkIn(stage, company, ORBIT.name)
}

async function left(stage: Stage, { company, noah }: Cast): Promise<void> {
  await stage.playTo('2027-08-20T15:00:00Z')
  await stage.tell(noah, { what: 'Leaves the company, whose rule is: return', tone: 'plain' })
  await stage.api.post(`/employees/${noah.customer}/offboard`)
  await stage.hear(noah, 'plan.canceled')
  await checkIn(stage, company, ORBIT.name)
  await stage.playTo('2027-09-02T16:00:00Z')
}

async function ended(stage: Stage, { company, mia }: Cast): Promise<void> {
  await stage.playTo('2027-12-13T15:00:00Z')
  const asked = { letter: 'lease.end_asked', to: 'customer' } as const
  await stage.tell(mia, { what: 'Is asked what is to come at the end of the term', look: asked, tone: 'quiet' })
  await stage.api.post(`${mia.path}/end_choice`, { choice: 'buy_out' })
  await stage.hear(mia, 'lease.end_chosen')
  await stage.playTo('2028-01-12T15:00:00Z')
  await checkIn(stage, company, SLATE.name)
  await stage.playTo('2028-02-02T16:00:00Z')
}

/** What has come back, or turned up again. */
async function checkIn({ api }: Stage, { codes, officeSays }: Company, model: string): Promise<void> {
  type Unit = { device_id: string; imei: string }
  const { data } = await api.get<{ data: Unit[] }>(`/devices?model=${codes.get(model)}&status=maintenance`)
  const [unit] = data
  if (!unit) throw new Error(`No ${model} has come back.`)
  await api.post(`/devices/${unit.device_id}/check_in`)
  await officeSays({ what: `${model} ${unit.imei} has come back and is checked in: available again`, tone: 'quiet' })
}
