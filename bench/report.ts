import type { Cpu, CycleFigures } from './cycles.ts'
import type { FloodFigures } from './flood.ts'
import type { Herd } from './herd.ts'
import type { LimitFigures } from './limit.ts'
import type { SleepingFigures } from './sleeping.ts'
import type { Rate, StartFigures } from './starts.ts'

/** Figures as Markdown, as they stand in docs/benchmarks.md. */

type Round = CycleFigures[]
const round = (value: number, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : '–')

/** Of several rounds the mean, and ratios as the median of the rounds' own. */
export function cyclesTable(rounds: Round[]): string {
  const first = rounds[0] ?? []
  const rows = first.map(({ kind }) => {
    const all = rounds.flatMap((r) => r.filter((f) => f.kind === kind))
    const mean = (of: (f: CycleFigures) => number) => all.reduce((sum, f) => sum + of(f), 0) / all.length
    const cpu = (name: keyof Cpu) => round(mean((f) => perThousand(f, name)))
    const cells = [
      kind,
      round(mean((f) => f.cycles / f.seconds)),
      ...[cpu('worker'), cpu('temporal'), cpu('postgres'), round(mean(ours)), cpu('sandbox')],
      ...[
        round(mean((f) => f.events)),
        round(
          mean((f) => f.historyBytes),
          0,
        ),
      ],
      ...[
        round(
          mean((f) => f.databaseBytes),
          0,
        ),
        round(
          mean((f) => f.walBytes),
          0,
        ),
      ],
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| cycle | a second | worker | temporal | postgres | **together** | stand-in | events | bytes of history | bytes of database | bytes of log |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    ...ratios(rounds),
    `Load of the machine at the end of each: ${rounds.map((r) => r.map((f) => f.load).join(', ')).join('; ')}`,
  ].join('\n')
}

function ratios(rounds: Round[]): string[] {
  const kinds = (rounds[0] ?? []).map(({ kind }) => kind).filter((kind) => kind !== 'tenor')
  return kinds.map((kind) => {
    const all = rounds.map((r) => {
      const [tenor, other] = ['tenor', kind].map((k) => r.find((f) => f.kind === k))
      return tenor && other ? ours(tenor) / ours(other) : Number.NaN
    })
    const median = all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN
    return `CPU, tenor / ${kind}: **${round(median, 2)}** (${all.map((ratio) => round(ratio, 2)).join(', ')})`
  })
}

function perThousand(figures: CycleFigures, name: keyof Cpu): number {
  return (figures.cpu[name] / figures.cycles) * 1000
}

/** Without the stand-in for Stripe, which nobody runs in production. */
function ours(figures: CycleFigures): number {
  return perThousand(figures, 'worker') + perThousand(figures, 'temporal') + perThousand(figures, 'postgres')
}

export function herdTable(herds: Herd[]): string {
  const rows = herds.map(
    ({ paid, temper, perSecond, events, late }) =>
      `| ${paid} | ${temper} | ${round(events, 0)} | ${round(perSecond)}${late ? ' (begun late)' : ''} |`,
  )
  const cold = herds.find(({ temper }) => temper === 'cold')
  const around = herds.filter(({ temper, paid }) => temper === 'warm' && cold && Math.abs(paid - cold.paid) === 1)
  const warm = around.reduce((sum, herd) => sum + herd.perSecond, 0) / around.length
  return [
    '| paid | worker | events before | instalments a second |',
    '|---|---|---|---|',
    ...rows,
    `Cold at ${cold?.paid} paid / warm beside it: **${cold ? round(cold.perSecond / warm, 2) : '?'}**`,
    '',
  ].join('\n')
}

export function limitLines({ allowed, reached, busiest, charges, disorder }: LimitFigures): string {
  return [
    `${charges} charges at a gateway that allows ${allowed} requests a second:`,
    `reached ${round(reached)} a second, ${busiest} in the busiest second, ${round(disorder * 100, 2)} % of pairs out of order`,
  ].join('\n')
}

export function startLines({ starts, messages }: StartFigures): string {
  return [`POST /payment_terms: ${rateLine(starts)}`, `PATCH /payment_terms/{id}: ${rateLine(messages)}`].join('\n')
}

function rateLine({ count, perSecond, p50, p99, refused }: Rate): string {
  return `${count} of them, ${round(perSecond)} a second, p50 ${round(p50, 0)} ms, p99 ${round(p99, 0)} ms, ${refused} not done`
}

export function floodLines({ quiet, flooded, flood, loads }: FloodFigures): string {
  const lateness = ({ charges, p50, p95 }: FloodFigures['quiet']) =>
    `${charges} charges, p50 ${round(p50, 0)} ms, p95 ${round(p95, 0)} ms after the due moment`
  return [
    `The flood: ${rateLine(flood)}`,
    `Without it: ${lateness(quiet)}`,
    `With it: ${lateness(flooded)}`,
    `Lateness with / without: p50 **${round(flooded.p50 / quiet.p50, 2)}**, p95 **${round(flooded.p95 / quiet.p95, 2)}**`,
    `Load of the machine before it, and at its end: ${loads.join('; ')}`,
  ].join('\n')
}

export function sleepingLine({ plans, cached, before, after }: SleepingFigures): string {
  const mb = (bytes: number) => `${round(bytes / 1e6, 0)} MB`
  return `Worker with ${plans} sleeping plans and a cache of ${cached}: ${mb(before)} before, ${mb(after)} after`
}
