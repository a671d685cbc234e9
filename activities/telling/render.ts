import * as fs from 'node:fs'
import { Eta } from 'eta'
import { figuresOf } from './figures.ts'
import { en } from './locales/en.ts'
import { fr } from './locales/fr.ts'
import type { Notice } from './notice.ts'
import type { Wording, Words } from './wording.ts'

const WORDINGS: readonly Wording[] = [en, fr]

const html = template('letter.html.eta', new Eta({ autoTrim: 'nl' }))
const text = template('letter.txt.eta', new Eta({ autoTrim: false, autoEscape: false }))

/**
 * The letter for a notice, in the recipient's language, or in English if it is none of ours. Amounts and dates are
 * written as in `locale`; days are those of the plan's zone.
 */
export function render(
  notice: Notice,
  recipient: { name: string },
  locale: string | null,
): { subject: string; html: string; text: string } {
  const { wording, format } = chosen(locale)
  const words = wording.letters[notice.type](figuresOf(notice, format))
  return laidOut(words, {
    language: format,
    greeting: wording.greeting(recipient.name),
    footer: wording.footer(notice.plan.id, notice.lease !== null),
  })
}

/** A letter's words as HTML and as text. */
export function laidOut(
  words: Words,
  around: { language: string; greeting: string; footer: string },
): { subject: string; html: string; text: string } {
  const letter = {
    ...around,
    subject: words.subject,
    heading: words.subject,
    paragraphs: words.paragraphs,
    action: words.action ?? null,
    facts: (words.facts ?? []).filter(([, value]) => value !== null),
    table: words.table && words.table.rows.length > 0 ? words.table : null,
    after: words.after ?? [],
  }
  return { subject: words.subject, html: html(letter), text: text(letter).replace(/\n{3,}/g, '\n\n') }
}

/** The language we speak, and the locale to format in: `fr-CA` is told in French with Canadian figures. */
export function chosen(locale: string | null): { wording: Wording; format: string } {
  const wanted = canonical(locale ?? '')
  const language = wanted?.split('-')[0]
  const wording = WORDINGS.find((one) => one.language === language)
  return wording && wanted ? { wording, format: wanted } : { wording: en, format: 'en-US' }
}

function canonical(locale: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(locale.replaceAll('_', '-'))[0]
  } catch {
    return undefined
  }
}

function template(name: string, eta: Eta): (data: object) => string {
  const compiled = eta.compile(fs.readFileSync(new URL(`templates/${name}`, import.meta.url), 'utf8'))
  return (data) => eta.render(compiled, data)
}
