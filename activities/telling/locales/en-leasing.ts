import type { LeasingNotice } from '../../../domain/plans/effects.ts'
import type { Figures, LeaseFigures } from '../figures.ts'
import type { Wording, Words } from '../wording.ts'

const device = ({ lease }: Figures) => lease.device ?? 'device'
/** For those who have several: whose it is. */
const whose = ({ lease }: Figures) => (lease.employee ? `${lease.employee}’s` : 'The')
const forWhom = ({ lease }: Figures) => (lease.employee ? ` for ${lease.employee}` : '')
const months = (count: number) => (count === 1 ? '1 month' : `${count} months`)

/** What every letter to those who have several says of the lease. */
function about({ lease, to }: Figures): NonNullable<Words['facts']> {
  if (to === 'customer') return [['Device', lease.device]]
  return [
    ['Employee', lease.employee],
    ...(to === 'back_office' ? ([['Company', lease.client]] as [string, string | null][]) : []),
    ['Device', lease.device],
    ...(to === 'back_office' ? ([['IMEI', lease.imei]] as [string, string | null][]) : []),
  ]
}

function schedule(f: Figures): Words['table'] {
  const rows = f.schedule.map((one) => [String(one.number), one.dueDate, one.amount])
  return { caption: 'Monthly amounts', head: ['No.', 'Date', 'Amount'], rows, texts: 2 }
}

function changes(f: Figures): Words['table'] {
  const rows = f.changes.map((one) => [String(one.number), one.dueDate, one.before, one.after])
  return { caption: 'What changes', head: ['No.', 'Date', 'Before', 'Now'], rows, texts: 2 }
}

const more = ({ moreRows }: Figures): string[] => (moreRows > 0 ? [`… and ${moreRows} more months.`] : [])

function paidBy({ lease, to }: Figures): string {
  if (to === 'client')
    return lease.isByPayroll ? 'It is deducted from their pay.' : 'The employee pays for it directly.'
  return lease.isByPayroll
    ? 'It is deducted from your pay each month; you have nothing to do.'
    : 'It is collected from your payment method each month; you have nothing to do.'
}

const CHOICES: Record<NonNullable<LeaseFigures['choice']>, string> = {
  return: 'As it stands, the device goes back.',
  extend: 'As it stands, you keep it for longer.',
  buy_out: 'As it stands, you buy it.',
}

const ENDS: Record<NonNullable<LeaseFigures['how']>, { yours: string; theirs: string }> = {
  return: {
    yours: 'The term is over. Please send the device back.',
    theirs: 'The term is over; the device comes back.',
  },
  canceled: {
    yours: 'The lease was ended early. Please send the device back.',
    theirs: 'The lease was ended early; the device comes back.',
  },
  buy_out: {
    yours: 'The device is yours as soon as its residual value is paid.',
    theirs: 'The device is bought, and sold as soon as its residual value is paid.',
  },
  lost: { yours: 'The device was reported lost.', theirs: 'The device was reported lost.' },
  stolen: { yours: 'The device was reported stolen.', theirs: 'The device was reported stolen.' },
}

const DEDUCTION: Record<NonNullable<LeaseFigures['why']>, (f: Figures) => string> = {
  adjusted: () => 'The lease was changed. From the next pay on, please deduct what stands below.',
  paused: ({ until }) =>
    until
      ? `The lease is paused until ${until}. Please deduct nothing for it meanwhile.`
      : 'The lease is paused. Please deduct nothing for it until you hear that it goes on.',
  resumed: () => 'The lease is no longer paused. From the next pay on, please deduct what is due each month again.',
  transferred: () => 'The employee pays for the lease directly from now on. Please deduct nothing more for it.',
}

const LUMP_SUM: Record<NonNullable<LeaseFigures['lumpSum']>, string> = {
  term_end: 'The employee buys the device at the end of the term. Its residual value comes off their pay.',
  withdrawn:
    'The device is not bought at the end of the term after all. Please do not deduct what we told you of before.',
  bought_out:
    'The employee has bought the device before the end of the term: what was still to come and its residual value come off their pay.',
  offboarding:
    'The employee leaves and keeps the device: what was still to come and its residual value come off their last pay.',
  lost: 'The device was lost without cover: what was still to come and its residual value come off the employee’s pay.',
  stolen:
    'The device was stolen without cover: what was still to come and its residual value come off the employee’s pay.',
  early_end: 'The lease was ended before its term: what its terms charge for that comes off the employee’s pay.',
  months_to_come: 'A payment of the employee’s own for months to come did not last: these months come off their pay.',
  open_months: 'The employee leaves: the months of the lease that are still open come off their last pay.',
}

/** When it comes off, if it does. */
function deductedWhen({ lease, until }: Figures): string[] {
  if (lease.lumpSum === 'withdrawn') return []
  if (lease.payOf) return [`Please deduct it with the pay of ${lease.payOf}, besides the monthly amounts.`]
  return [`Please deduct it when the pause is over${until ? `, on ${until}` : ''}, besides the monthly amounts.`]
}

/** A holiday from what comes off pay; nobody collects anything there. */
export const payrollPause: Pick<Wording['letters'], 'terms.paused' | 'terms.resumed'> = {
  'terms.paused': (f) => ({
    subject: 'Your lease is paused',
    paragraphs: [
      f.until
        ? `Your lease is paused until ${f.until}. Nothing is deducted from your pay for it meanwhile.`
        : 'Your lease is paused. Nothing is deducted from your pay for it until it is resumed.',
      f.pauseMode === 'catch_up'
        ? 'What falls due meanwhile is deducted afterwards.'
        : 'What falls due meanwhile moves to the end of the schedule.',
    ],
    facts: about(f),
  }),
  'terms.resumed': (f) => ({
    subject: 'Your lease goes on',
    paragraphs: ['The pause is over. The monthly amounts are deducted from your pay again as scheduled.'],
    facts: [...about(f), ['Still to pay', f.outstanding]],
    table: schedule(f),
    after: more(f),
  }),
}

/** What is told of leases, to an employee, to the company and to our back office. */
export const leasing: Pick<Wording['letters'], LeasingNotice> = {
  'lease.created': (f) => ({
    subject: f.to === 'client' ? `${device(f)} ordered${forWhom(f)}` : `Your ${device(f)} is ordered`,
    paragraphs: [
      f.to === 'client'
        ? `A device is ordered on lease${forWhom(f)} through your store. ${paidBy(f)}`
        : 'We have your order and tell you when the device is on its way. Until it has arrived you owe nothing, and may cancel at no cost.',
    ],
    facts: [...about(f), ['Total', f.total], ['Term', f.lease.months === null ? null : months(f.lease.months)]],
  }),
  'lease.dispatched': (f) => ({
    subject: `Your ${device(f)} is on its way`,
    paragraphs: ['It goes to the office of your company. The lease begins on the day it arrives.'],
    facts: [...about(f), ['Tracking', f.lease.tracking]],
  }),
  'lease.delivered': (f) => ({
    subject: f.to === 'client' ? `${whose(f)} ${device(f)} has arrived` : `Your ${device(f)} has arrived`,
    paragraphs: [`The lease has begun. ${paidBy(f)}`],
    facts: [...about(f), ['From', f.lease.startDate], ['Until', f.lease.endDate], ['Total', f.total]],
    table: schedule(f),
    after: more(f),
  }),
  'lease.terminated': (f) => ({
    subject: `Out of stock: ${device(f)}${f.to === 'customer' ? '' : forWhom(f)}`,
    paragraphs: [
      f.to === 'customer'
        ? 'We are sorry: there is none left of the device that you ordered. The order is ended and nothing is charged. You are welcome to choose another device.'
        : 'There is none left of the device that was ordered. The order is ended, and nothing is charged or deducted.',
    ],
    facts: about(f),
  }),
  'lease.exchanged': (f) => ({
    subject:
      f.to === 'customer' ? `Your device is exchanged for a ${device(f)}` : `Exchange${forWhom(f)}: ${device(f)}`,
    paragraphs: [
      f.to === 'back_office'
        ? 'Please dispatch the new device. The former one comes back and is to be checked in.'
        : f.to === 'client'
          ? 'The lease goes on with another device.'
          : 'The lease goes on with another device. Please send the former one back.',
    ],
    facts: [...about(f), ['In place of', f.lease.insteadOf], ['A month from now on', f.lease.monthly]],
  }),
  'lease.extended': (f) => ({
    subject: f.to === 'client' ? `${whose(f)} lease goes on: ${device(f)}` : `Your lease goes on: ${device(f)}`,
    paragraphs: [
      `The lease is extended${f.lease.months === null ? '' : ` by ${months(f.lease.months)}`}, at the lower monthly amount. ${paidBy(f)}`,
    ],
    facts: [...about(f), ['A month', f.lease.monthly], ['Until', f.lease.endDate]],
  }),
  'lease.end_asked': (f) => ({
    subject: f.lease.endDate
      ? `Your lease ends on ${f.lease.endDate}: what is to come?`
      : 'Your lease ends soon: what is to come?',
    paragraphs: [
      'You can send the device back, keep it for longer at a lower monthly amount, or buy it. Please choose before the lease ends.',
      ...(f.lease.choice ? [CHOICES[f.lease.choice]] : []),
    ],
    facts: [...about(f), ['Keeping it, a month', f.lease.monthly], ['Buying it', f.lease.residual]],
  }),
  'lease.ended': (f) => ({
    subject: f.to === 'customer' ? `Your lease of the ${device(f)} is over` : `Lease over${forWhom(f)}: ${device(f)}`,
    paragraphs: [
      ...(f.lease.how ? [ENDS[f.lease.how][f.to === 'customer' ? 'yours' : 'theirs']] : []),
      ...(f.to === 'back_office' && (f.lease.how === 'return' || f.lease.how === 'canceled')
        ? ['Please check it in when it has arrived and is in order.']
        : []),
    ],
    facts: about(f),
  }),
  'lease.deduction_changed': (f) => ({
    subject: `Payroll: the deduction${forWhom(f)} changes`,
    paragraphs: [DEDUCTION[f.lease.why ?? 'adjusted'](f)],
    facts: [
      ...about(f),
      ['A month from now on', f.lease.monthly],
      ['Total before', f.previousTotal],
      ['Total now', f.total],
      ['Given back with the pay', f.refunded],
    ],
    table: changes(f),
    after: more(f),
  }),
  'lease.lump_sum': (f) => ({
    subject:
      f.lease.lumpSum === 'withdrawn'
        ? `Payroll: not to be deducted after all${forWhom(f)}: ${f.amount}`
        : `Payroll: to be deducted once${forWhom(f)}: ${f.amount}`,
    paragraphs: [...(f.lease.lumpSum ? [LUMP_SUM[f.lease.lumpSum]] : []), ...deductedWhen(f)],
    facts: [...about(f), ['Amount', f.amount], ['On', f.lease.deductedOn]],
  }),
  'dispatch.wanted': (f) => ({
    subject: `Please dispatch: ${device(f)}${forWhom(f)}`,
    paragraphs: ['The unit below is reserved. If it cannot be sent, mark the order as out of stock.'],
    facts: about(f),
  }),
  'dispatch.overdue': (f) => ({
    subject: `Not dispatched yet: ${device(f)}${forWhom(f)}`,
    paragraphs: ['It was to be on its way by today. A broker is told tomorrow unless it is.'],
    facts: [...about(f), ['To be dispatched by', f.lease.dispatchBy]],
  }),
}
