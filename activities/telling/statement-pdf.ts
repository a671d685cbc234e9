import { setImmediate as nextTurn } from 'node:timers/promises'
import PDFDocument from 'pdfkit'
import type { StatementFacts } from '../../db/leasing/statement-facts.ts'
import type { StatementLease, StatementLine } from '../../domain/leasing/statement-lines.ts'
import { type Formats, formatsOf } from './formats.ts'
import { printable } from './printable.ts'
import { chosen } from './render.ts'
import {
  type Cell,
  drawRow,
  drawSummary,
  drawTableHead,
  INK,
  MARGIN,
  type Pages,
  pageNumber,
  ROW,
  SOFT,
} from './statement-page.ts'
import type { StatementWords } from './wording.ts'

/** `name` is told on the first row of an employee, and again where a page begins. */
type Row = { name: string; cells: Cell[]; isTotal: boolean }

/**
 * A statement as a PDF of as many pages as it takes: what it comes to, its lines, with what each employee of several comes
 * to, and the leases that began, changed and ended.
 * Made as it is read, a page at a time: no more is held of it, and others get their turn between pages. The same
 * statement gives the same bytes.
 */
export async function* statementPdf(
  facts: StatementFacts,
  lines: AsyncIterable<StatementLine[]>,
  leases: AsyncIterable<StatementLease[]>,
): AsyncGenerator<Buffer> {
  const { wording, format } = chosen(facts.client.locale)
  const words = wording.statement
  // The fonts that every PDF reader has know few currency signs.
  const formats = formatsOf(format, facts.currency, facts.timezone, true)
  const document = new PDFDocument({
    size: 'A4',
    layout: 'landscape',
    margin: MARGIN,
    autoFirstPage: false,
    lang: format,
    displayTitle: true,
    info: { Title: titleOf(facts, words), Author: 'Tenor', CreationDate: new Date(facts.closedAt) },
  })
  const pages = pageNumber(document, {
    title: titleOf(facts, words),
    of: words.pageOf,
    rows: facts.lines + facts.withTotal,
    more: facts.leases,
  })
  pages.add()
  drawSummary(document, titleOf(facts, words), amountOf(facts, words, formats), summary(facts, words, formats))
  yield* table(document, pages, { head: head(words), y: undefined, rows: rowsOf(lines, words, formats) })
  if (facts.leases > 0) {
    pages.add()
    yield* table(document, pages, { head: leaseHead(words), y: MARGIN, rows: leaseRows(leases, words, formats) })
  }
  document.end()
  for await (const chunk of document) yield chunk as Buffer
}

/** Rows below their head, from `y` on or from where the summary ends, and on as many more pages as they take. */
async function* table(
  document: InstanceType<typeof PDFDocument>,
  pages: Pages,
  { head: columns, y: top, rows }: { head: Cell[]; y: number | undefined; rows: AsyncIterable<Row> },
): AsyncGenerator<Buffer> {
  let y = drawTableHead(document, columns, top)
  let isFirst = true
  for await (const row of rows) {
    if (y + ROW > pages.bottom) {
      yield* written(document)
      await nextTurn()
      pages.add()
      y = drawTableHead(document, columns, MARGIN)
      isFirst = true
    }
    y = drawRow(document, isFirst ? named(row) : row.cells, y, row.isTotal)
    isFirst = false
  }
}

function named({ name, cells: [first, ...others] }: Row): Cell[] {
  return first ? [{ ...first, text: name }, ...others] : others
}

/** What is done so far, out of the document's hands. */
function* written(document: InstanceType<typeof PDFDocument>): Generator<Buffer> {
  for (let chunk = document.read(); chunk !== null; chunk = document.read()) yield chunk as Buffer
}

function titleOf({ number }: StatementFacts, words: StatementWords): string {
  return words.title(number)
}

function amountOf({ total }: StatementFacts, words: StatementWords, formats: Formats): string {
  return `${words.total} ${formats.money(total)}`
}

function summary(facts: StatementFacts, words: StatementWords, formats: Formats): [string, string][] {
  const { counts, client, carriedIn, carriedOut } = facts
  const name = client.name === null ? null : printable(client.name)
  const leases = [counts.new, counts.changed, counts.ended].map((count) => count ?? 0) as [number, number, number]
  return [
    [words.client, name === null ? client.id : `${name} (${client.id})`],
    [words.period, words.days(formats.date(facts.start), formats.date(facts.end))],
    [words.closed, formats.day(facts.closedAt)],
    [words.leases, words.counts(...leases)],
    [words.lines, words.linesOf(facts.lines, facts.employees, counts.credits ?? 0)],
    [words.linesAmount, formats.money(facts.linesAmount)],
    ...(carriedIn === 0 ? [] : [[words.carriedIn, formats.money(carriedIn)] as [string, string]]),
    [words.total, formats.money(facts.total)],
    ...(carriedOut === 0 ? [] : [[words.carriedOut, formats.money(carriedOut)] as [string, string]]),
  ]
}

function head(words: StatementWords): Cell[] {
  const { employee, lease, device, what, date, amount } = words.columns
  return cells([employee, lease, device, what, date, amount])
}

const WIDTHS = [200, 165, 150, 85, 72, 90] as const

/** Six columns; the last one holds amounts. */
function cells(texts: string[], color: string = INK): Cell[] {
  return texts.map((text, k) => ({ text, width: WIDTHS[k] ?? 0, isRight: k === WIDTHS.length - 1, color }))
}

/** Lines in their order, and after the last one of each employee what they come to. */
async function* rowsOf(
  chunks: AsyncIterable<StatementLine[]>,
  words: StatementWords,
  formats: Formats,
): AsyncGenerator<Row> {
  let last: StatementLine | null = null
  let sum = 0
  let count = 0
  const total = (of: StatementLine): Row => {
    const who = words.employeeTotal(nameOf(of))
    return { name: who, cells: cells([who, '', '', '', '', formats.money(sum)]), isTotal: true }
  }
  for await (const lines of chunks) {
    for (const line of lines) {
      if (last && last.employee !== line.employee) {
        if (count > 1) yield total(last)
        sum = 0
        count = 0
      }
      const name = last?.employee === line.employee ? '' : nameOf(line)
      const what = line.installment === null ? words.credit : words.installment(line.installment)
      const texts = [name, line.lease, line.device, what, line.date, formats.money(line.amount)]
      yield { name: nameOf(line), cells: cells(texts, line.amount < 0 ? SOFT : INK), isTotal: false }
      sum += line.amount
      count += 1
      last = line
    }
  }
  if (last && count > 1) yield total(last)
}

function leaseHead({ columns: { employee, lease, device }, leaseColumns }: StatementWords): Cell[] {
  const { change, since, before, monthly } = leaseColumns
  return leaseCells([employee, lease, device, change, since, before, monthly])
}

const LEASE_WIDTHS = [125, 165, 115, 145, 58, 77, 77] as const

/** Seven columns; the last two hold amounts. */
function leaseCells(texts: string[]): Cell[] {
  const isAmount = (k: number) => k >= LEASE_WIDTHS.length - 2
  return texts.map((text, k) => ({ text, width: LEASE_WIDTHS[k] ?? 0, isRight: isAmount(k), color: INK }))
}

async function* leaseRows(
  chunks: AsyncIterable<StatementLease[]>,
  words: StatementWords,
  formats: Formats,
): AsyncGenerator<Row> {
  const money = (amount: number | null) => (amount === null ? '' : formats.money(amount))
  for await (const leases of chunks) {
    for (const lease of leases) {
      const { change, how, device, previousDevice, since, previousMonthly, monthly } = lease
      const what = previousDevice === null ? device : words.instead(device, previousDevice)
      const months = [money(previousMonthly), money(monthly)]
      const name = nameOf(lease)
      const texts = [name, lease.lease, what, words.change(change, how), since, ...months]
      yield { name, cells: leaseCells(texts), isTotal: false }
    }
  }
}

function nameOf({ employee, employeeName }: Pick<StatementLine, 'employee' | 'employeeName'>): string {
  const name = employeeName === null ? null : printable(employeeName)
  return name ?? employee
}
