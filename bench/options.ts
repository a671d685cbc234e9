import { parseArgs } from 'node:util'
import type { CycleSize } from './cycles.ts'
import type { HerdSize } from './herd.ts'

const SECTIONS = ['cycles', 'others', 'herd', 'limit', 'starts', 'flood', 'sleeping'] as const
export type Section = (typeof SECTIONS)[number]

type Size = {
  rounds: number
  /** Instalments that the plans of a billing day have paid. */
  paid: number[]
  cycles: CycleSize
  herd: Omit<HerdSize, 'paid'>
  limit: { plans: number; allowed: number }
  starts: number
  flood: { plans: number; monthMs: number; requests: number }
  sleeping: { plans: number; cached: number }
}

/** Paces are such that two idle cores keep up with them. */
const FULL: Omit<Size, 'paid'> = {
  rounds: 3,
  cycles: { plans: 150, months: 16, monthMs: 8_000 },
  herd: { plans: 2_000, monthMs: 120_000 },
  limit: { plans: 600, allowed: 40 },
  starts: 1_000,
  flood: { plans: 60, monthMs: 12_000, requests: 10_000 },
  sleeping: { plans: 10_000, cached: 1_000 },
}
const QUICK: Omit<Size, 'paid'> = {
  rounds: 1,
  cycles: { plans: 60, months: 12, monthMs: 6_000 },
  herd: { plans: 60, monthMs: 20_000 },
  limit: { plans: 90, allowed: 20 },
  starts: 100,
  flood: { plans: 20, monthMs: 10_000, requests: 1_000 },
  sleeping: { plans: 500, cached: 100 },
}

const USAGE = `npm run bench [-- --quick] [--rounds <number>] [--paid <numbers>] [--sqlite] [<section> …]
  --quick   small sizes, some minutes: whether all is well, not how fast it is
  --rounds  how often the cycles are measured one after the other
  --paid    of the herd: with how many paid instalments, separated by commas
  --sqlite  Temporal's development server instead of the server proper on PostgreSQL
  sections  ${SECTIONS.join(', ')}; all, unless some are named (also by --only, separated by commas)`

export function readOptions(args: string[]): { size: Size; sections: readonly Section[]; sqlite: boolean } | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      sqlite: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      paid: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return undefined
  }
  const only = [...positionals, ...(values.only?.split(',') ?? [])]
  const unknown = only.find((name) => !(SECTIONS as readonly string[]).includes(name))
  if (unknown) throw new Error(`There is no section ${unknown}.\n${USAGE}`)
  const sections = only.length > 0 ? SECTIONS.filter((name) => only.includes(name)) : SECTIONS
  const size = values.quick ? QUICK : FULL
  const rounds = values.rounds === undefined ? size.rounds : numberIn(values.rounds, 'rounds')
  const paid = values.paid?.split(',').map((number) => numberIn(number, 'paid')) ?? [1, 12, 36]
  return { size: { ...size, rounds, paid }, sections, sqlite: values.sqlite }
}

function numberIn(text: string, option: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new Error(`--${option} takes whole numbers from 1.\n${USAGE}`)
}
