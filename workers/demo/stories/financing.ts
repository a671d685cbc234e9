import { formatMoney } from '../../../domain/money.ts'
import { closeBooks } from '../books.ts'
import type { Cancellation, Member, Person, PlanAnswer } from '../cast.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'
import { amountsInWords } from '../words.ts'

const YEAR = {
  start_date: '2027-01-15',
  term_duration: 12,
  billing_day: 15,
  timezone: 'America/New_York',
  reminder_days: 0,
}

const ADA: Person = {
  name: 'Ada Okafor',
  insures: 'Home',
  paymentMethod: 'pm_card_visa',
  terms: { ...YEAR, total_amount: 100000, reminder_days: 3 },
}
const BRUNO: Person = {
  name: 'Bruno Sato',
  insures: 'Delivery vans',
  paymentMethod: 'pm_card_mastercard',
  terms: { ...YEAR, total_amount: 240000, billing_day: 31 },
}
const CLARA: Person = {
  name: 'Clara Novak',
  insures: 'Travel agency',
  paymentMethod: 'pm_card_amex',
  terms: { ...YEAR, total_amount: 120000 },
}
const DEV: Person = {
  name: 'Dev Patel',
  insures: 'Snow clearing',
  paymentMethod: 'pm_usBankAccount_success',
  terms: { ...YEAR, total_amount: 60000, term_duration: 4, billing_day: 1, timezone: 'America/Chicago' },
}
const EMMA: Person = {
  name: 'Emma Lind',
  insures: 'Sailing boat',
  paymentMethod: 'pm_card_visa',
  terms: { ...YEAR, total_amount: 120000, cancellation_terms: { type: 'short_rate', penalty_percent: 10 } },
}

/** Five premiums financed over a policy year, with what can go wrong in one. */
export const financing: Story = {
  title: 'A policy year of five policyholders, on a test clock',
  opens: '2027-01-15T13:00:00Z',
  scenes: [
    {
      title: 'Five premiums are financed: quoted, then agreed',
      async play(stage) {
        for (const person of [ADA, BRUNO, CLARA, DEV, EMMA]) await stage.enrol(person)
      },
    },
    {
      title: 'The first instalments; a debit takes its days, and comes back when it was thought paid',
      async play(stage) {
        const dev = memberNamed(stage, DEV)
        await stage.sandboxes.nextCharges(dev.customer, ['processing_then_succeeded_then_returned'])
        await stage.playTo('2027-02-03T17:00:00Z')
        await bankAnswers(stage, dev, 'payment.completed')
        await stage.playTo('2027-02-10T17:00:00Z')
        await bankAnswers(stage, dev, 'payment.returned')
        await stage.playTo('2027-02-12T17:00:00Z')
        await bankAnswers(stage, dev, 'payment.completed')
      },
    },
    {
      title: 'A card without funds, and with them the day after',
      async play(stage) {
        await stage.playTo('2027-03-03T17:00:00Z')
        await bankAnswers(stage, memberNamed(stage, DEV), 'payment.completed')
        await stage.sandboxes.nextCharges(memberNamed(stage, ADA).customer, ['insufficient_funds'])
        await stage.playTo('2027-03-17T17:00:00Z')
      },
    },
    {
      title: 'Declined on both days: a broker takes over',
      async play(stage) {
        const bruno = memberNamed(stage, BRUNO)
        await stage.sandboxes.nextCharges(bruno.customer, ['insufficient_funds', 'insufficient_funds'])
        await stage.playTo('2027-04-02T17:00:00Z')
        await bankAnswers(stage, memberNamed(stage, DEV), 'payment.completed')
        await brokerResolves(stage, bruno)
      },
    },
    {
      title: 'The insured sum grows: previewed, then adjusted',
      async play(stage) {
        await stage.playTo('2027-04-05T17:00:00Z')
        await adjust(stage, memberNamed(stage, CLARA), 150000)
      },
    },
    {
      title: 'Paid ahead, then cancelled at short rate: quoted, then done',
      async play(stage) {
        const emma = memberNamed(stage, EMMA)
        await stage.playTo('2027-04-20T17:00:00Z')
        await stage.api.post(`${emma.path}/payments`, { amount: 20000 })
        await stage.hear(emma, 'payment.completed')
        await stage.playTo('2027-04-25T17:00:00Z')
        await cancel(stage, emma)
      },
    },
    {
      title: 'The rest of the year',
      async play(stage) {
        await stage.playTo('2027-05-03T17:00:00Z')
        await bankAnswers(stage, memberNamed(stage, DEV), 'payment.completed')
        await stage.playTo('2028-01-15T17:00:00Z')
      },
    },
  ],
  close: closeBooks,
}

function memberNamed({ members }: Stage, { name }: Person): Member {
  const member = members.find(({ who }) => name.startsWith(who))
  if (!member) throw new Error(`${name} has no plan yet.`)
  return member
}

async function bankAnswers(stage: Stage, member: Member, type: string): Promise<void> {
  await stage.sandboxes.settle(member.customer)
  await stage.hear(member, type)
}

async function brokerResolves(stage: Stage, member: Member): Promise<void> {
  const open = await stage.api.get<{ data: { escalation_id: string; salesforce_case_id: string | null }[] }>(
    `/escalations?status=open&plan_id=${member.planId}`,
  )
  const [escalation] = open.data
  if (!escalation) throw new Error(`Nothing of ${member.who}'s plan is escalated.`)
  const number = (await stage.sandboxes.caseOf(escalation.escalation_id))?.fields.CaseNumber ?? 'not known yet'
  const { status } = await stage.planOf(member)
  await stage.tell(member, {
    what: `The plan is ${status.replace('_', ' ')}; the broker opens case ${number} and phones`,
    look: 'case',
    tone: 'plain',
  })
  const note = 'Called: the account has been topped up, try it once more.'
  await stage.api.post(`/escalations/${escalation.escalation_id}/resolve`, { action: 'retry', note })
  await stage.hear(member, 'escalation.resolved')
}

async function adjust(stage: Stage, member: Member, total: number): Promise<void> {
  const { path } = member
  const preview = await stage.api.patch<PlanAnswer>(`${path}?preview=true`, { total_amount: total })
  const schedule = scheduled(preview)
  await stage.tell(member, {
    what: `Preview: ${amountsInWords(schedule, preview.currency)} to come`,
    amount: preview.outstanding_amount,
    tone: 'quiet',
  })
  const adjusted = await stage.api.patch<PlanAnswer>(path, { total_amount: total })
  if (String(scheduled(adjusted)) !== String(schedule)) throw new Error('The plan was adjusted otherwise than shown.')
  await stage.hear(member, 'plan.adjusted')
}

function scheduled({ installments }: PlanAnswer): number[] {
  return installments.filter(({ status }) => status === 'scheduled').map(({ amount }) => amount)
}

async function cancel(stage: Stage, member: Member): Promise<void> {
  const { path } = member
  const quote = await stage.api.get<Cancellation>(`${path}/cancellation_quote`)
  const money = (amount: number) => formatMoney(amount, member.currency)
  await stage.tell(member, {
    what: `Quoted after ${quote.used_days} of ${quote.term_days} days: ${money(quote.earned_amount)} earned, ${money(quote.penalty_amount)} penalty, to be refunded`,
    amount: quote.refund_amount,
    tone: 'quiet',
  })
  const { cancellation } = await stage.api.delete<PlanAnswer>(path)
  if (cancellation?.refund_amount !== quote.refund_amount) throw new Error('The refund is not the one that was quoted.')
  await stage.hear(member, 'plan.canceled')
}
