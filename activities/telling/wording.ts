import type { LeaseChange, LeaseEnding } from '../../domain/leasing/lease-changes.ts'
import type { NoticeType } from '../../domain/plans/effects.ts'
import type { Figures } from './figures.ts'

/** A letter's words, in order; how they look is the templates'. */
export type Words = {
  subject: string
  paragraphs: string[]
  /** One thing to do, and where. */
  action?: { label: string; url: string } | null
  /** Label and value; those without a value are left out. */
  facts?: [label: string, value: string | null][]
  /** The first `texts` columns are text, the others amounts. */
  table?: { caption: string; head: string[]; rows: string[][]; texts: number }
  after?: string[]
}

/** What the PDF receipt says, label by label. */
export type ReceiptWords = {
  title: { payment: string; refund: string }
  number: string
  plan: string
  customer: string
  date: string
  amount: { payment: string; refund: string }
  paymentMethod: string
  outsideGateway: string
  what: string
  why: string
  paidSoFar: string
  refundedSoFar: string
  keptSoFar: string
}

/** What a statement says, as a PDF and in its letter; amounts and dates come formatted. */
export type StatementWords = {
  title: (number: number) => string
  client: string
  period: string
  days: (first: string, last: string) => string
  closed: string
  leases: string
  counts: (began: number, changed: number, ended: number) => string
  lines: string
  linesOf: (lines: number, employees: number, credits: number) => string
  linesAmount: string
  carriedIn: string
  carriedOut: string
  total: string
  columns: { employee: string; lease: string; device: string; what: string; date: string; amount: string }
  installment: (number: number) => string
  credit: string
  employeeTotal: (name: string) => string
  leaseColumns: { change: string; since: string; before: string; monthly: string }
  change: (change: LeaseChange, how: LeaseEnding | null) => string
  instead: (device: string, previous: string) => string
  pageOf: (page: number, pages: number) => string
  letter: (statement: StatementFigures) => Words
  footer: (statement: string) => string
}

export type StatementFigures = {
  number: number
  days: string
  total: string
  isOwed: boolean
  lines: string
  linesAmount: string
  carriedIn: string | null
  carriedOut: string | null
  paymentMethod: string | null
  /** The lines are too many for a letter. */
  isAttached: boolean
}

/** Everything that is said in one language. */
export type Wording = {
  language: string
  greeting: (name: string) => string
  footer: (planId: string, isLease: boolean) => string
  letters: Record<NoticeType, (figures: Figures) => Words>
  receipt: ReceiptWords
  statement: StatementWords
  /** Why this amount: from the inputs kept with the payment. */
  why: (why: WhyFigures) => string[]
  what: (about: { installment: number | null; of: number | null; isRefund: boolean }) => string
}

/** Inputs of an amount, formatted. */
export type WhyFigures = {
  cause: string | null
  installment: number | null
  of: number | null
  dueDate: string | null
  installmentAmount: string | null
  alreadyPaid: string | null
  total: string | null
  discount: string | null
  reference: string | null
  parts: { installment: number; amount: string }[]
}
