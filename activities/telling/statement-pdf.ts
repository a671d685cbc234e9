import { setImmediate as nextTurn } from 'node:timers/promises'
import PDFDocument from 'pdfkit'
import type { StatementFacts } from '../../db/leasing/statement-facts.ts'
import type { StatementLine } from '../../domain/leasing/statement-lines.ts'
import { type Formats, formatsOf } from './formats.ts'
import { printable } from './printable.ts'
import { chosen } from './render.ts'
import { type Cell, drawRow, drawSummary, drawTableHead, INK, MARGIN, pageNumber, ROW, SOFT } from './statement-page.ts'
import type { StatementWords } from './wording.ts'

/** `name` is told on the first row of an employee, and again where a page begins. */
type Row = { name: string; cells: Cell[]; isTotal: boolean }

/**
 * A statement as a PDF of as many pages as it takes: what it comes to, then its lines, with what each employee of several comes to.
 * Made as it is read, a page at a time: no more is held of it, and others get their turn between pages. The same
 * statement gives the same bytes.
 */
export async function* statementPdf(
  facts: StatementFacts,
  lines: AsyncIterable<StatementLine[]>,
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
  const page = pageNumber(document, {
    title: titleOf(facts, words),
    of: words.pageOf,
    rows: facts.lines + facts.withTotal,
  })
  page.add()
  drawSummary(document, titleOf(facts, words), amountOf(facts, words, formats), summary(facts, words, formats))
  let y = drawTableHead(document, head(words))
  let isFirst = true
  for await (const row of rowsOf(lines, words, formats)) {
    if (y + ROW > page.bottom) {
      yield* written(document)
      await nextTurn()
      page.add()
      y = drawTableHead(document, head(words), MARGIN)
      isFirst = true
    }
    y = drawRow(document, isFirst ? named(row) : row.cells, y, row.isTotal)
    isFirst = false
  }
  document.end()
  for await (const chunk of document) yield chunk as Buffer
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

function nameOf({ employee, employeeName }: StatementLine): string {
  const name = employeeName === null ? null : printable(employeeName)
  return name ?? employee
}
