import { extractText, getDocumentProxy } from 'unpdf'
import type { ReceiptFacts } from '../../db/plans/receipt-facts.ts'
import { receiptPdf } from './receipt-pdf.ts'

const receipt: ReceiptFacts = {
  id: 'rcp_1',
  number: 4,
  type: 'payment',
  planId: 'pt_0195',
  customer: { id: 'customer-1', name: 'Zoë Dvořák', locale: 'en-US' },
  currency: 'USD',
  timezone: 'America/New_York',
  amount: 8333,
  issuedAt: '2027-04-16T03:30:00Z',
  installment: { number: 4, of: 12, dueDate: '2027-04-15' },
  paymentMethod: 'Visa •••• 4242',
  why: {
    cause: 'due',
    installment: 4,
    of: 12,
    due_date: '2027-04-15',
    installment_amount: 10000,
    already_paid: 1667,
    total_amount: 100000,
    discount_amount: 0,
  },
  paidSoFar: 33332,
  refundedSoFar: 1000,
}

async function textOf(data: ReceiptFacts): Promise<string> {
  const pdf = await getDocumentProxy(new Uint8Array(await receiptPdf(data)))
  const { text } = await extractText(pdf, { mergePages: true })
  return text.replace(/\s+/g, ' ')
}

describe('a receipt', () => {
  it('says what was paid, for what, and why this much', async () => {
    const text = await textOf(receipt)
    for (const words of [
      'Receipt',
      '0195-004',
      'Zoë Dvorák (customer-1)',
      'pt_0195',
      'Instalment 4 of 12',
      'USD 83.33',
      'April 15, 2027',
      'Visa •••• 4242',
      'Instalment 4 of 12, due April 15, 2027, is USD 100.00, of which USD 16.67 was paid before.',
      "The plan's total is USD 1,000.00.",
      'Paid so far USD 333.32',
      'Refunded so far USD 10.00',
      'Paid less refunded USD 323.32',
    ]) {
      expect(text).toContain(words)
    }
  })

  it('of a refund says why it was given back', async () => {
    const text = await textOf({
      ...receipt,
      type: 'refund',
      installment: null,
      amount: 18411,
      why: { cause: 'cancellation' },
    })
    expect(text).toContain('Refund receipt')
    expect(text).toContain('Amount refunded USD 184.11')
    expect(text).toContain('Given back because the plan was canceled.')
  })

  it('of a payment outside the gateway names the broker’s reference', async () => {
    const why = { cause: 'mark_paid', reference: 'cheque 1042' }
    const text = await textOf({ ...receipt, paymentMethod: null, why })
    expect(text).toContain('Recorded by a broker')
    expect(text).toContain('Reference: cheque 1042.')
  })

  it('is written in the customer’s language', async () => {
    const text = await textOf({ ...receipt, customer: { ...receipt.customer, locale: 'fr-FR' } })
    expect(text).toContain('Reçu')
    expect(text).toContain('Échéance 4 sur 12')
    expect(text).toContain('83,33 USD')
    expect(text).toContain('15 avril 2027')
  })

  it('names by id whom it cannot write', async () => {
    const text = await textOf({ ...receipt, customer: { ...receipt.customer, name: '王小明' } })
    expect(text).toContain('Customer customer-1')
    expect(text).not.toContain('?')
  })

  it('is made of whatever the inputs are', async () => {
    const why = { cause: 7, parts: 'x', total_amount: 'much', due_date: 'soon', more: [null] }
    expect(await textOf({ ...receipt, why, installment: null })).toContain('Payment towards the plan')
    const long = { ...receipt, customer: { ...receipt.customer, name: 'Anna '.repeat(400) } }
    expect(await textOf(long)).toContain('Paid less refunded')
  })

  it('is the same, byte for byte, each time', async () => {
    const first = await receiptPdf(receipt)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect((await receiptPdf(receipt)).equals(first)).toBe(true)
    expect((await receiptPdf({ ...receipt, amount: 8334 })).equals(first)).toBe(false)
  })
})
