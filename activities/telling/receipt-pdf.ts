import PDFDocument from 'pdfkit'
import { z } from 'zod'
import type { ReceiptFacts } from '../../db/plans/receipt-facts.ts'
import { type Formats, formatsOf } from './formats.ts'
import { printable } from './printable.ts'
import { chosen } from './render.ts'
import type { WhyFigures, Wording } from './wording.ts'

const INK = '#1b2430'
const SOFT = '#4a5563'
const ACCENT = '#1f4e79'
const LINE = '#dde3ea'
const MARGIN = 56
const LABEL_WIDTH = 150

/** A receipt as a PDF of one page or more. The same data gives the same bytes. */
export async function receiptPdf(data: ReceiptFacts): Promise<Buffer> {
  const { wording, format } = chosen(data.customer.locale)
  // The fonts that every PDF reader has know few currency signs.
  const formats = formatsOf(format, data.currency, data.timezone, true)
  const words = wording.receipt
  const document = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    lang: format,
    displayTitle: true,
    // Where a date is left out, pdfkit takes the present one.
    info: {
      Title: `${words.title[data.type]} ${numberOf(data)}`,
      Author: 'Tenor',
      CreationDate: new Date(data.issuedAt),
    },
  })
  const bytes = collected(document)
  heading(document, words.title[data.type], formats.money(data.amount))
  rows(document, mainRows(data, wording, formats))
  section(document, words.why, wording.why(whyFigures(data, formats)))
  rows(document, [
    [words.paidSoFar, formats.money(data.paidSoFar)],
    [words.refundedSoFar, formats.money(data.refundedSoFar)],
    [words.keptSoFar, formats.money(data.paidSoFar - data.refundedSoFar)],
  ])
  document.end()
  return bytes
}

/** As people quote it. */
export function numberOf({ planId, number }: Pick<ReceiptFacts, 'planId' | 'number'>): string {
  return `${planId.slice(planId.indexOf('_') + 1)}-${String(number).padStart(3, '0')}`
}

function mainRows(data: ReceiptFacts, wording: Wording, formats: Formats): [string, string][] {
  const { receipt: words } = wording
  const { installment, customer } = data
  const name = customer.name === null ? null : printable(customer.name)
  const isRefund = data.type === 'refund'
  const about = { installment: installment?.number ?? null, of: installment?.of ?? null, isRefund }
  return [
    [words.number, numberOf(data)],
    [words.date, formats.day(data.issuedAt)],
    [words.customer, name === null ? customer.id : `${name} (${customer.id})`],
    [words.plan, data.planId],
    [words.what, wording.what(about)],
    [words.amount[data.type], formats.money(data.amount)],
    [words.paymentMethod, data.paymentMethod ?? words.outsideGateway],
  ]
}

const maybe = <T extends z.ZodType>(schema: T) =>
  schema
    .nullable()
    .catch(null)
    .default(null as never)
const WHY = z.object({
  cause: maybe(z.string()),
  due_date: maybe(z.iso.date()),
  installment_amount: maybe(z.int()),
  already_paid: maybe(z.int()),
  total_amount: maybe(z.int()),
  discount_amount: maybe(z.int()),
  reference: maybe(z.string()),
  parts: z
    .array(z.object({ installment: z.int(), amount: z.int() }))
    .catch([])
    .default([]),
})

function whyFigures({ why, installment }: ReceiptFacts, formats: Formats): WhyFigures {
  const inputs = WHY.parse(why)
  const money = (amount: number | null) => (amount ? formats.money(amount) : null)
  const dueDate = inputs.due_date ?? installment?.dueDate ?? null
  return {
    cause: inputs.cause,
    installment: installment?.number ?? null,
    of: installment?.of ?? null,
    dueDate: dueDate === null ? null : formats.date(dueDate),
    installmentAmount: money(inputs.installment_amount),
    alreadyPaid: money(inputs.already_paid),
    total: money(inputs.total_amount),
    discount: money(inputs.discount_amount),
    reference: inputs.reference,
    parts: inputs.parts.map((part) => ({ installment: part.installment, amount: formats.money(part.amount) })),
  }
}

type Pdf = InstanceType<typeof PDFDocument>

function heading(document: Pdf, title: string, amount: string): void {
  const width = document.page.width - 2 * MARGIN
  document.rect(MARGIN, MARGIN - 16, width, 4).fill(ACCENT)
  document
    .font('Helvetica-Bold')
    .fontSize(22)
    .fillColor(ACCENT)
    .text(inLatin(title), MARGIN, MARGIN + 6)
  document
    .fontSize(16)
    .fillColor(INK)
    .text(inLatin(amount), MARGIN, MARGIN + 10, { width, align: 'right' })
  document.moveDown(1.6)
}

function rows(document: Pdf, all: [label: string, value: string][]): void {
  const width = document.page.width - 2 * MARGIN - LABEL_WIDTH
  document.fontSize(11)
  for (const [label, value] of all) {
    const text = inLatin(value)
    document.font('Helvetica-Bold')
    const height = Math.max(document.heightOfString(text, { width }), 14)
    if (document.y + height + 14 > document.page.height - MARGIN) document.addPage()
    const top = document.y
    document.font('Helvetica').fillColor(SOFT).text(inLatin(label), MARGIN, top, { width: LABEL_WIDTH })
    document
      .font('Helvetica-Bold')
      .fillColor(INK)
      .text(text, MARGIN + LABEL_WIDTH, top, { width })
    const bottom = top + height + 5
    document
      .moveTo(MARGIN, bottom)
      .lineTo(MARGIN + LABEL_WIDTH + width, bottom)
      .lineWidth(0.5)
      .stroke(LINE)
    document.y = bottom + 7
  }
  document.x = MARGIN
  document.moveDown(1)
}

function section(document: Pdf, title: string, sentences: string[]): void {
  if (sentences.length === 0) return
  const width = document.page.width - 2 * MARGIN
  document.font('Helvetica-Bold').fontSize(12).fillColor(ACCENT).text(inLatin(title), MARGIN, document.y, { width })
  document.moveDown(0.3)
  document.font('Helvetica').fontSize(11).fillColor(INK)
  for (const sentence of sentences) document.text(inLatin(sentence), { width })
  document.moveDown(1)
}

function inLatin(text: string): string {
  return printable(text) ?? text.replace(/[^\x20-\x7e]/g, '?')
}

async function collected(document: Pdf): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of document) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
