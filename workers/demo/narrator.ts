import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters, styleText } from 'node:util'

export type Tone = 'good' | 'bad' | 'plain' | 'quiet'

/** One thing that happened: when (a civil date in words), to whom, what, how much, and where to look at it. */
export type Line = { date: string; who: string; what: string; amount?: string; where?: string; tone: Tone }

export type Narrator = {
  heading(text: string): void
  /** Prints a line and lets it be read. */
  tell(line: Line): Promise<void>
  say(text?: string): void
  /** The first column is text, the others are figures; the last row is a sum. */
  table(head: string[], rows: string[][]): void
  /** Names on the left, what they stand for on the right. */
  list(rows: [string, string][]): void
}

type Out = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>
type Style = Parameters<typeof styleText>[0]

const DATE = 13
const WHO = 9
const WHAT = 72
const AMOUNT = 11
/** A file has no width: nothing is broken over rows there, so that it can be searched. */
const UNLIMITED = Number.POSITIVE_INFINITY
const STYLES: Record<Tone, Style | null> = { good: 'green', bad: 'red', plain: null, quiet: 'dim' }

/**
 * Writes a story to a terminal or a file: colours only for a terminal that wants them, and nothing wider than it is.
 * `pauseMs` is how long each line is let stand.
 */
export function narrator(out: Out, pauseMs: number): Narrator {
  const coloured = out.isTTY && !process.env.NO_COLOR
  const paint = (style: Style | null, text: string) =>
    coloured && style ? styleText(style, text, { validateStream: false }) : text
  const say = (text = '') => void out.write(`${text}\n`)
  return {
    heading: (text) => say(`\n${paint('bold', text)}`),
    async tell(line) {
      for (const row of rowsOf(line, out.isTTY ? out.columns || 80 : UNLIMITED, paint)) say(row)
      if (pauseMs > 0) await sleep(pauseMs)
    },
    say,
    table(head, rows) {
      const widths = head.map((_, k) => Math.max(...[head, ...rows].map((row) => row[k]?.length ?? 0)))
      const row = (cells: string[]) =>
        cells.map((cell, k) => (k === 0 ? cell.padEnd(widths[k] ?? 0) : cell.padStart(widths[k] ?? 0))).join('  ')
      const rule = widths.map((width) => '─'.repeat(width)).join('──')
      const body = rows.map(row)
      const sum = body.pop() ?? ''
      for (const text of [paint('bold', row(head)), rule, ...body, rule, paint('bold', sum)]) say(`  ${text}`)
    },
    list(rows) {
      const width = Math.max(...rows.map(([name]) => name.length))
      for (const [name, what] of rows) say(`  ${name.padEnd(width)}  ${paint('dim', what)}`)
    },
  }
}

/** A line as rows of a terminal: what does not fit in its column goes on below, the link beside it or under it. */
function rowsOf(line: Line, columns: number, paint: (style: Style | null, text: string) => string): string[] {
  const { date, who, what, amount = '', where, tone } = line
  const style = STYLES[tone]
  const width = Math.min(WHAT, Math.max(24, columns - DATE - WHO - AMOUNT - 2))
  const [first = '', ...more] = wrapped(what, columns === UNLIMITED ? UNLIMITED : width)
  const indent = ' '.repeat(DATE + WHO)
  const rows = [
    paint('dim', date.padEnd(DATE)) + who.padEnd(WHO) + paint(style, first.padEnd(width)) + amount.padStart(AMOUNT),
    ...more.map((text) => indent + paint(style, text)),
  ]
  if (!where) return rows.map((row) => row.trimEnd())
  const top = rows[0] ?? ''
  if (stripVTControlCharacters(top).length + 2 + where.length <= columns) rows[0] = `${top}  ${paint('dim', where)}`
  else rows.push(`${room(indent, where, columns)}${paint('dim', `↳ ${where}`)}`)
  return rows.map((row) => row.trimEnd())
}

/** A link that is broken over two rows cannot be followed: it moves to the left where it must. */
function room(indent: string, link: string, columns: number): string {
  return indent.slice(0, Math.max(2, columns - link.length - 2))
}

function wrapped(text: string, width: number): string[] {
  const rows = ['']
  for (const word of text.split(' ')) {
    const row = rows[rows.length - 1] ?? ''
    if (row === '') rows[rows.length - 1] = word
    else if (row.length + 1 + word.length <= width) rows[rows.length - 1] = `${row} ${word}`
    else rows.push(word)
  }
  return rows
}
