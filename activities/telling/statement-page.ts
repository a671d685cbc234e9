import type PDFDocument from 'pdfkit'
import { printable } from './printable.ts'

/** How the pages of a statement look. Every row has the same height, so that the number of pages is known beforehand. */

export const INK = '#1b2430'
export const SOFT = '#4a5563'
const ACCENT = '#1f4e79'
const LINE = '#dde3ea'
const SHADE = '#f3f6f9'
export const MARGIN = 40
export const ROW = 15
const SIZE = 8.5
const FOOT = 24
const SUMMARY_LABEL = 120
const SUMMARY_ROW = 16
/** Rows of the summary at most, in two columns. */
const SUMMARY_HEIGHT = 40 + 5 * SUMMARY_ROW + 16
const HEIGHT = 595.28
const PLAIN = /^[\x20-\x7e]*$/

export type Cell = { text: string; width: number; isRight: boolean; color: string }
export type Pages = { add(): void; bottom: number }
type Pdf = InstanceType<typeof PDFDocument>

const BOTTOM = HEIGHT - MARGIN - FOOT
const rowsFrom = (y: number) => Math.floor((BOTTOM - y - ROW) / ROW)

/** Adds pages, each with its number and how many there are: `rows` below the summary, and `more` from a new page on. */
export function pageNumber(
  document: Pdf,
  { title, of, rows, more }: { title: string; of: (page: number, pages: number) => string; rows: number; more: number },
): Pages {
  const over = Math.max(0, rows - rowsFrom(MARGIN + SUMMARY_HEIGHT))
  const pages = 1 + Math.ceil(over / rowsFrom(MARGIN)) + Math.ceil(more / rowsFrom(MARGIN))
  let page = 0
  return {
    bottom: BOTTOM,
    add() {
      page += 1
      document.addPage()
      const width = document.page.width - 2 * MARGIN
      const y = BOTTOM + 10
      document.font('Helvetica').fontSize(8).fillColor(SOFT)
      document.text(inLatin(title), MARGIN, y, { lineBreak: false })
      rightAligned(document, of(page, pages), MARGIN + width, y)
    },
  }
}

/** Title, total and what the statement is made up of, on the first page. */
export function drawSummary(document: Pdf, title: string, amount: string, facts: [string, string][]): void {
  const width = document.page.width - 2 * MARGIN
  document.rect(MARGIN, MARGIN - 12, width, 4).fill(ACCENT)
  document
    .font('Helvetica-Bold')
    .fontSize(18)
    .fillColor(ACCENT)
    .text(inLatin(title), MARGIN, MARGIN, { lineBreak: false })
  document.fontSize(14).fillColor(INK)
  rightAligned(document, amount, MARGIN + width, MARGIN + 3)
  const column = width / 2
  const perColumn = Math.ceil(facts.length / 2)
  for (const [k, [label, value]] of facts.entries()) {
    const x = MARGIN + (k < perColumn ? 0 : column)
    const y = MARGIN + 40 + (k % perColumn) * SUMMARY_ROW
    document.font('Helvetica').fontSize(9.5).fillColor(SOFT).text(inLatin(label), x, y, { lineBreak: false })
    document.font('Helvetica-Bold').fillColor(INK)
    const room = column - SUMMARY_LABEL - 8
    document.text(fitted(document, value, room), x + SUMMARY_LABEL, y, { lineBreak: false })
  }
}

/** The names of the columns; returns where the first row goes. */
export function drawTableHead(document: Pdf, head: Cell[], y = MARGIN + SUMMARY_HEIGHT): number {
  document.font('Helvetica-Bold').fontSize(SIZE)
  drawCells(
    document,
    head.map((cell) => ({ ...cell, color: ACCENT })),
    y,
  )
  rule(document, y + ROW - 3, 1)
  return y + ROW
}

/** Returns where the next row goes. */
export function drawRow(document: Pdf, row: Cell[], y: number, isTotal: boolean): number {
  if (isTotal) document.rect(MARGIN, y - 3, document.page.width - 2 * MARGIN, ROW).fill(SHADE)
  document.font(isTotal ? 'Helvetica-Bold' : 'Helvetica').fontSize(SIZE)
  drawCells(document, row, y)
  rule(document, y + ROW - 3, 0.4)
  return y + ROW
}

function drawCells(document: Pdf, row: Cell[], y: number): void {
  let x = MARGIN
  for (const { text, width, isRight, color } of row) {
    if (text !== '') {
      document.fillColor(color)
      if (isRight) rightAligned(document, text, x + width, y)
      else document.text(fitted(document, text, width - 8), x, y, { lineBreak: false })
    }
    x += width
  }
}

function rule(document: Pdf, y: number, thickness: number): void {
  document
    .moveTo(MARGIN, y)
    .lineTo(document.page.width - MARGIN, y)
    .lineWidth(thickness)
    .stroke(LINE)
}

function rightAligned(document: Pdf, text: string, right: number, y: number): void {
  const shown = inLatin(text)
  document.text(shown, right - document.widthOfString(shown), y, { lineBreak: false })
}

/** As much of a text as there is room for. */
function fitted(document: Pdf, text: string, room: number): string {
  const shown = inLatin(text)
  if (document.widthOfString(shown) <= room) return shown
  let end = shown.length - 1
  while (end > 0 && document.widthOfString(`${shown.slice(0, end)}…`) > room) end -= 1
  return `${shown.slice(0, end)}…`
}

function inLatin(text: string): string {
  if (PLAIN.test(text)) return text
  return printable(text) ?? text.replace(/[^\x20-\x7e]/g, '?')
}
