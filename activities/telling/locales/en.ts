import type { Figures } from '../figures.ts'
import type { WhyFigures, Wording, Words } from '../wording.ts'
import { leasing, payrollPause } from './en-leasing.ts'
import { statement } from './en-statement.ts'

const REASONS: Record<Figures['reason'], string> = {
  insufficient_funds: 'there was not enough money in the account',
  expired: 'the card has expired',
  other: 'the bank did not allow it',
}

function thing({ installment, count }: Figures): string {
  return installment ? `instalment ${installment} of ${count}` : 'your payment'
}

function ofInstallment({ installment, count }: Figures): string | null {
  return installment ? `${installment} of ${count}` : null
}

function scheduleTable(f: Figures): Words['table'] {
  const rows = f.schedule.map((one) => [String(one.number), one.dueDate, one.amount])
  return { caption: 'Your schedule', head: ['No.', 'Due', 'Amount'], rows, texts: 2 }
}

function changeTable(f: Figures): Words['table'] {
  const rows = f.changes.map((one) => [String(one.number), one.dueDate, one.before, one.after])
  return { caption: 'What changes', head: ['No.', 'Due', 'Before', 'Now'], rows, texts: 2 }
}

function more({ moreRows }: Figures): string[] {
  return moreRows > 0 ? [`… and ${moreRows} more instalment${moreRows === 1 ? '' : 's'}.`] : []
}

const letters: Wording['letters'] = {
  ...leasing,
  'terms.created': (f) => ({
    subject: `Your payment plan of ${f.total}`,
    paragraphs: [`Your payment plan is set up. You pay ${f.total} in ${f.count} instalments.`],
    facts: [
      ['Total', f.total],
      ['Instalments', String(f.count)],
    ],
    table: scheduleTable(f),
    after: [...more(f), 'We collect each instalment on its due date; you need not do anything.'],
  }),
  'terms.adjusted': (f) => ({
    subject: `Your payment plan has changed: ${f.total} in total`,
    paragraphs: [
      f.previousTotal
        ? `The total of your payment plan has changed from ${f.previousTotal} to ${f.total}.`
        : `The total of your payment plan is now ${f.total}.`,
    ],
    facts: [
      ['Total before', f.previousTotal],
      ['Total now', f.total],
      ['We give back', f.refunded],
    ],
    table: changeTable(f),
    after: more(f),
  }),
  'terms.canceled': ({ cancellation: c, ...f }) => ({
    subject: 'Your payment plan is canceled',
    paragraphs: [
      c.effectiveDate
        ? `Your payment plan is canceled as of ${c.effectiveDate}. No further instalment is collected.`
        : 'Your payment plan is canceled. No further instalment is collected.',
      c.refund ? `We give you back ${c.refund}.` : 'There is nothing to give back.',
      ...(f.provisional ? ['A payment is still under way. Once it has ended we work this out again.'] : []),
    ],
    facts: [
      ['Days used', c.usedDays !== null && c.termDays !== null ? `${c.usedDays} of ${c.termDays}` : null],
      ['Earned by then', c.earned],
      ['Cancellation fee', c.fee],
      ['Kept of the rest', c.penalty],
      ['Paid', f.paid],
      ['We give back', c.refund],
      ['Still to pay', c.balance],
    ],
    after: c.balance ? [`What is left to pay, ${c.balance}, is collected once.`] : [],
  }),
  'terms.completed': (f) => ({
    subject: 'Your payment plan is complete',
    paragraphs: [`Everything is paid: ${f.paid} in total. Thank you.`],
  }),
  'terms.paused': (f) =>
    f.lease.isByPayroll
      ? payrollPause['terms.paused'](f)
      : {
          subject: 'Your payment plan is paused',
          paragraphs: [
            f.until
              ? `Your payment plan is paused until ${f.until}. No new instalment is collected meanwhile.`
              : 'Your payment plan is paused. No new instalment is collected until it is resumed.',
            f.pauseMode === 'catch_up'
              ? 'What falls due meanwhile is collected afterwards, one instalment a day.'
              : 'What falls due meanwhile moves to the end of the schedule.',
          ],
        },
  'terms.resumed': (f) =>
    f.lease.isByPayroll
      ? payrollPause['terms.resumed'](f)
      : {
          subject: 'Your payment plan goes on',
          paragraphs: ['The pause is over. Instalments are collected again as scheduled.'],
          facts: [['Still to pay', f.outstanding]],
          table: scheduleTable(f),
          after: more(f),
        },
  'payment.reminder': (f) => ({
    subject: f.dueDate ? `${f.amount} is due on ${f.dueDate}` : `${f.amount} is due soon`,
    paragraphs: [`We will collect ${thing(f)}. Please see to it that there is enough money in your account.`],
    facts: [
      ['Amount', f.amount],
      ['Due', f.dueDate],
      ['Instalment', ofInstallment(f)],
      ['Paid by', f.paymentMethod],
    ],
  }),
  'payment.receipt': (f) => ({
    subject: `Receipt for your payment of ${f.amount}`,
    paragraphs: [`Thank you. We have received ${f.amount} for ${thing(f)}. The receipt is attached.`],
    facts: [
      ['Amount', f.amount],
      ['Date', f.day],
      ['Instalment', ofInstallment(f)],
      ['Paid by', f.paymentMethod],
      ['Still to pay', f.outstanding],
    ],
  }),
  'payment.failed': (f) => ({
    subject: `We could not collect ${f.amount}`,
    paragraphs: [
      `We could not collect ${thing(f)}: ${REASONS[f.reason]}.`,
      f.retryOn
        ? `We will try again on ${f.retryOn}. Please see to it that there is enough money by then.`
        : 'We will not try again by ourselves.',
    ],
    facts: [
      ['Amount', f.amount],
      ['Due', f.dueDate],
      ['Next try', f.retryOn],
      ['Paid by', f.paymentMethod],
    ],
  }),
  'payment.action_required': (f) => ({
    subject: `Please confirm your payment of ${f.amount}`,
    paragraphs: [
      `Your bank wants you to confirm ${thing(f)} before it pays.`,
      ...(f.retryOn ? [`If you do not, we will try again on ${f.retryOn}.`] : []),
    ],
    action: f.url ? { label: 'Confirm the payment', url: f.url } : null,
    facts: [
      ['Amount', f.amount],
      ['Paid by', f.paymentMethod],
    ],
  }),
  'payment.escalated': (f) => ({
    subject: `${f.amount} is still unpaid`,
    paragraphs: [
      `We could not collect ${thing(f)}, and will not try again by ourselves. Your broker has been told and will contact you.`,
    ],
    facts: [
      ['Unpaid', f.amount],
      ['Due', f.dueDate],
    ],
  }),
  'payment.returned': (f) => ({
    subject: `Your payment of ${f.amount} was returned`,
    paragraphs: [
      `Your bank has taken back a payment that it had made${f.reason === 'insufficient_funds' ? ': there was not enough money in the account' : ''}. The amount is unpaid again.`,
    ],
    facts: [
      ['Amount', f.amount],
      ['Still to pay', f.outstanding],
    ],
  }),
  'payment.reinstated': (f) => ({
    subject: `Your payment of ${f.amount} counts again`,
    paragraphs: [
      'Your bank has given us back a payment that it had taken back before. It counts as paid again; if that is more than you owe, we give you back the rest.',
    ],
    facts: [
      ['Amount', f.amount],
      ['Still to pay', f.outstanding],
    ],
  }),
  'payment_method.required': (f) => ({
    subject: 'Please give us another way to pay',
    paragraphs: [
      `We could not collect ${thing(f)}: ${REASONS[f.reason]}. We cannot charge ${f.paymentMethod ?? 'your payment method'} any more.`,
      'Please replace it. We collect what is unpaid as soon as you have.',
    ],
    facts: [['Unpaid', f.amount]],
  }),
  'payment_method.changed': (f) => ({
    subject: 'Your payment method has changed',
    paragraphs: ['From now on we collect your instalments from the payment method below.'],
    facts: [['Paid by', f.paymentMethod]],
    after: ['If it was not you who changed it, please contact us.'],
  }),
  'refund.receipt': (f) => ({
    subject: `Receipt for your refund of ${f.amount}`,
    paragraphs: [`We have given back ${f.amount}. Your bank may take some days to show it. The receipt is attached.`],
    facts: [
      ['Amount', f.amount],
      ['Date', f.day],
    ],
  }),
  'refund.failed': (f) => ({
    subject: `Your refund of ${f.amount} did not arrive`,
    paragraphs: [
      `We had given back ${f.amount}, but your bank could not credit it and has sent it back to us. Your broker has been told and will see to it that you get it.`,
    ],
    facts: [['Amount', f.amount]],
  }),
}

const CAUSES: Record<string, string> = {
  due: 'Collected on its due date.',
  retry: 'Collected at a second or later try, after an earlier one was declined.',
  broker: 'Collected at the request of a broker.',
  payment_method: 'Collected after the payment method was replaced.',
  one_off: 'Paid by the customer on their own account.',
  mark_paid: 'Paid outside the gateway and recorded by a broker.',
  adjustment: 'Given back because the total was lowered.',
  cancellation: 'Given back because the plan was canceled.',
  overpaid: 'Given back because more was paid than was owed.',
}

function why(w: WhyFigures): string[] {
  const sentences = [w.cause ? (CAUSES[w.cause] ?? null) : null]
  if (w.installment && w.installmentAmount) {
    const dueDate = w.dueDate ? `, due ${w.dueDate},` : ''
    const paid = w.alreadyPaid ? `, of which ${w.alreadyPaid} was paid before` : ''
    sentences.push(`Instalment ${w.installment} of ${w.of}${dueDate} is ${w.installmentAmount}${paid}.`)
  }
  if (w.total) {
    sentences.push(
      w.discount
        ? `The plan's total is ${w.total} less a discount of ${w.discount}.`
        : `The plan's total is ${w.total}.`,
    )
  }
  if (w.parts.length > 0) {
    sentences.push(`It pays ${w.parts.map((part) => `${part.amount} of instalment ${part.installment}`).join(', ')}.`)
  }
  if (w.reference) sentences.push(`Reference: ${w.reference}.`)
  return sentences.filter((sentence) => sentence !== null)
}

export const en: Wording = {
  language: 'en',
  greeting: (name) => `Hello ${name},`,
  footer: (planId, isLease) =>
    isLease
      ? `Lease ${planId}. You get this letter because you have to do with this lease.`
      : `Payment plan ${planId}. You get this letter because it is about your payments.`,
  letters,
  why,
  what: ({ installment, of, isRefund }) => {
    if (isRefund) return 'Refund'
    return installment ? `Instalment ${installment} of ${of}` : 'Payment towards the plan'
  },
  statement,
  receipt: {
    title: { payment: 'Receipt', refund: 'Refund receipt' },
    number: 'Receipt number',
    plan: 'Payment plan',
    customer: 'Customer',
    date: 'Date',
    amount: { payment: 'Amount paid', refund: 'Amount refunded' },
    paymentMethod: 'Payment method',
    outsideGateway: 'Recorded by a broker',
    what: 'For',
    why: 'Why this amount',
    paidSoFar: 'Paid so far',
    refundedSoFar: 'Refunded so far',
    keptSoFar: 'Paid less refunded',
  },
}
