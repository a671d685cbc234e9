import { type NoticeType, RECIPIENTS, type Recipient } from '../../domain/plans/effects.ts'
import { type Notice, readNoticeData } from './notice.ts'
import { chosen, render } from './render.ts'

const plan: Notice['plan'] = {
  id: 'pt_1',
  kind: 'financing',
  currency: 'USD',
  timezone: 'America/New_York',
  total: 100000,
  paid: 24999,
  refunded: 0,
  outstanding: 75001,
  installments: Array.from({ length: 12 }, (_, n) => ({
    number: n + 1,
    dueDate: `2027-${String(n + 1).padStart(2, '0')}-15`,
    amount: n === 11 ? 8337 : 8333,
    paid: n < 3 ? 8333 : 0,
    status: n < 3 ? ('paid' as const) : ('scheduled' as const),
  })),
}

const schedule = (amounts: number[]) =>
  amounts.map((amount, n) => ({
    number: n + 1,
    due_date: `2027-0${n + 1}-15`,
    amount,
    unpaid: amount,
    status: 'scheduled',
  }))

/** What transitions say with each type of notice, and what of it must be read in the letter. */
const CASES: Record<NoticeType, [data: Record<string, unknown>, en: string[], fr: string[]]> = {
  'terms.created': [
    {},
    ['$1,000.00', '12 instalments', 'January 15, 2027', '$83.37'],
    ['1 000,00 $ US', '15 janvier 2027'],
  ],
  'terms.adjusted': [
    {
      previous_total_amount: 100000,
      total_amount: 150000,
      refunded: 0,
      before: schedule([8333, 8333]),
      after: schedule([8333, 12500]),
    },
    ['from $1,000.00 to $1,500.00', 'February 15, 2027', '$83.33', '$125.00'],
    ['de 1 000,00 $ US à 1 500,00 $ US', '125,00 $ US'],
  ],
  'terms.canceled': [
    {
      effectiveDate: '2027-04-25',
      usedDays: 100,
      termDays: 365,
      earned: 32877,
      penalty: 8712,
      fee: 0,
      refund: 18411,
      balance: 0,
      provisional: true,
    },
    ['April 25, 2027', 'give you back $184.11', '100 of 365', '$328.77', '$87.12', 'still under way'],
    ['25 avril 2027', '184,11 $ US', '100 sur 365', 'encore en cours'],
  ],
  'terms.completed': [{}, ['complete', '$249.99'], ['terminé', '249,99 $ US']],
  'terms.paused': [
    { mode: 'catch_up', until: '2027-05-01T03:00:00Z' },
    ['paused until April 30, 2027', 'one instalment a day'],
    ['suspendu', '30 avril 2027', 'une par jour'],
  ],
  'terms.resumed': [{}, ['goes on', '$750.01'], ['reprend', '750,01 $ US']],
  'payment.reminder': [
    { installment: 4 },
    ['$83.33 is due on April 15, 2027', 'instalment 4 of 12', 'Visa •••• 4242'],
    ['83,33 $ US à payer le 15 avril 2027', 'l’échéance 4 sur 12'],
  ],
  'payment.receipt': [
    { transaction_id: 'txn_1_4_1', amount: 8333 },
    ['Receipt for your payment of $83.33', 'instalment 4 of 12', 'April 14, 2027', 'attached'],
    ['Reçu de votre paiement de 83,33 $ US', '14 avril 2027', 'joint'],
  ],
  'payment.failed': [
    { installment: 4, amount: 8333, decline_code: 'insufficient_funds', retry_on: '2027-04-16' },
    ['could not collect $83.33', 'not enough money', 'again on April 16, 2027'],
    ['83,33 $ US', 'pas suffisamment approvisionné', '16 avril 2027'],
  ],
  'payment.action_required': [
    { installment: 4, amount: 8333, url: 'https://bank.example/3ds?a=1&b=2', retry_on: '2027-04-16' },
    ['confirm your payment of $83.33', 'Confirm the payment'],
    ['confirmer votre paiement de 83,33 $ US', 'Confirmer le paiement'],
  ],
  'payment.escalated': [
    { installment: 4, amount: 8333, decline_code: 'do_not_honor' },
    ['$83.33 is still unpaid', 'broker'],
    ['83,33 $ US restent impayés', 'courtier'],
  ],
  'payment.returned': [
    { transaction_id: 'txn_1_4_1', amount: 8333, decline_code: 'insufficient_funds' },
    ['payment of $83.33 was returned', 'not enough money'],
    ['83,33 $ US a été rejeté'],
  ],
  'payment_method.required': [
    { installment: 4, amount: 8333, decline_code: 'expired_card' },
    ['another way to pay', 'the card has expired', '$83.33'],
    ['autre moyen de paiement', 'la carte a expiré'],
  ],
  'payment_method.changed': [{}, ['has changed', 'Visa •••• 4242'], ['a changé', 'Visa •••• 4242']],
  'payment.reinstated': [
    { transaction_id: 'txn_1_4_1', amount: 8333 },
    ['payment of $83.33 counts again', '$750.01'],
    ['83,33 $ US compte à nouveau'],
  ],
  'refund.failed': [
    { transaction_id: 'txn_1_r1_1', amount: 18411 },
    ['refund of $184.11 did not arrive', 'broker'],
    ['remboursement de 184,11 $ US', 'courtier'],
  ],
  'refund.receipt': [
    { transaction_id: 'txn_1_r1_1', amount: 18411 },
    ['refund of $184.11', 'attached'],
    ['remboursement de 184,11 $ US', 'joint'],
  ],
  'lease.created': [
    { device: 'Phone X', term_months: 24, total_amount: 90000 },
    ['Phone X is ordered', '24 months', '$900.00', 'owe nothing'],
    ['Votre commande : Phone X', '24 mois', '900,00 $ US', 'sans frais'],
  ],
  'lease.dispatched': [
    { device: 'Phone X', tracking: 'TRK-1' },
    ['Phone X is on its way', 'TRK-1'],
    ['en route : Phone X', 'TRK-1'],
  ],
  'lease.delivered': [
    { device: 'Phone X', start_date: '2027-01-15', end_date: '2028-01-15' },
    ['Phone X has arrived', 'January 15, 2028', 'deducted from your pay', '$83.37'],
    ['est arrivé : Phone X', '15 janvier 2028', 'retenu chaque mois sur votre salaire'],
  ],
  'lease.terminated': [
    { device: 'Phone X' },
    ['Out of stock: Phone X', 'nothing is charged'],
    ['Rupture de stock : Phone X', 'rien n’est prélevé'],
  ],
  'lease.exchanged': [
    { device: 'Phone Y', instead_of: 'Phone X', monthly: 5000 },
    ['exchanged for a Phone Y', 'Phone X', '$50.00', 'send the former one back'],
    ['échangé : Phone Y', 'Phone X', '50,00 $ US', 'renvoyer l’ancien'],
  ],
  'lease.extended': [
    { device: 'Phone X', months: 1, monthly: 2500, end_date: '2028-02-15' },
    ['goes on: Phone X', 'by 1 month,', '$25.00', 'February 15, 2028'],
    ['continue : Phone X', 'de 1 mois', '25,00 $ US', '15 février 2028'],
  ],
  'lease.end_asked': [
    { device: 'Phone X', end_date: '2028-01-15', choice: 'buy_out', residual: 10000, monthly: 2500 },
    ['ends on January 15, 2028', '$100.00', '$25.00', 'As it stands, you buy it'],
    ['prend fin le 15 janvier 2028', '100,00 $ US', '25,00 $ US', 'Pour l’instant, vous l’achetez'],
  ],
  'lease.ended': [
    { device: 'Phone X', how: 'return' },
    ['lease of the Phone X is over', 'send the device back'],
    ['terminée : Phone X', 'renvoyer l’appareil'],
  ],
  'lease.deduction_changed': [
    {
      previous_total_amount: 100000,
      total_amount: 150000,
      why: 'adjusted',
      monthly: 12600,
      before: schedule([8333, 8333]),
      after: schedule([8333, 12500]),
    },
    ['deduction for Ada Obi changes', 'lease was changed', '$1,500.00', '$125.00', '$126.00', 'February 15, 2027'],
    ['retenue pour Ada Obi change', 'a été modifiée', '1 500,00 $ US', '125,00 $ US', '126,00 $ US'],
  ],
  'lease.lump_sum': [
    { device: 'Phone X', lump_sum: 'bought_out', amount: 105000, deducted_on: '2027-03-20' },
    ['to be deducted once for Ada Obi: $1,050.00', 'before the end of the term', 'pay of March 2027', 'March 20, 2027'],
    [
      'retenir une fois pour Ada Obi : 1 050,00 $ US',
      'avant la fin du contrat',
      'la paie de mars 2027',
      '20 mars 2027',
    ],
  ],
  'dispatch.wanted': [
    { device: 'Phone X' },
    ['dispatch: Phone X for Ada Obi', 'The Works', '490154203237518'],
    ['envoyer : Phone X pour Ada Obi', 'The Works', '490154203237518'],
  ],
  'dispatch.overdue': [
    { device: 'Phone X', dispatch_by: '2027-01-20' },
    ['Not dispatched yet: Phone X', 'January 20, 2027', '490154203237518'],
    ['Pas encore envoyé : Phone X', '20 janvier 2027'],
  ],
}

/** What the others than the employee are told of the same. */
const TO_OTHERS: [NoticeType, Recipient, en: string[], fr: string[]][] = [
  ['lease.created', 'client', ['ordered for Ada Obi', 'deducted from their pay'], ['pour Ada Obi', 'son salaire']],
  ['lease.delivered', 'client', ['Ada Obi’s Phone X has arrived'], ['livré pour Ada Obi']],
  ['lease.terminated', 'client', ['Out of stock: Phone X for Ada Obi'], ['Phone X pour Ada Obi']],
  ['lease.terminated', 'back_office', ['Out of stock', 'The Works'], ['Rupture de stock', 'The Works']],
  ['lease.exchanged', 'client', ['Exchange for Ada Obi: Phone Y'], ['Échange pour Ada Obi']],
  ['lease.exchanged', 'back_office', ['dispatch the new device', '490154203237518'], ['envoyer le nouvel appareil']],
  ['lease.extended', 'client', ['Ada Obi’s lease goes on'], ['continue pour Ada Obi']],
  ['lease.ended', 'client', ['Lease over for Ada Obi', 'the device comes back'], ['terminée pour Ada Obi']],
  ['lease.ended', 'back_office', ['check it in', '490154203237518'], ['remettre en stock']],
]

const FIRST_TO: Partial<Record<NoticeType, Recipient>> = {
  'lease.deduction_changed': 'client',
  'lease.lump_sum': 'client',
  'dispatch.wanted': 'back_office',
  'dispatch.overdue': 'back_office',
}
const isOfLease = (type: NoticeType) => /^(lease|dispatch)\./.test(type)
const lease: Notice['lease'] = {
  employee: 'Ada Obi',
  client: 'The Works',
  payer: 'payroll',
  device: 'Phone X',
  imei: '490154203237518',
}

function notice(type: NoticeType, data: Record<string, unknown> = CASES[type][0]): Notice {
  return {
    id: 'ntf_1',
    type,
    to: FIRST_TO[type] ?? 'customer',
    lease: isOfLease(type) ? lease : null,
    data: readNoticeData(data),
    at: '2027-04-15T03:00:00Z',
    plan,
    transaction: 'transaction_id' in data ? { amount: 8333, installment: type.startsWith('refund.') ? null : 4 } : null,
    paymentMethod: 'Visa •••• 4242',
  }
}

const spaces = (text: string) => text.replace(/[\p{Zs}\n]+/gu, ' ')
const types = Object.keys(CASES) as NoticeType[]

describe.each(types)('%s', (type) => {
  it.each([
    ['en-US', 1],
    ['fr-CA', 2],
  ] as const)('in %s says what happened, in HTML and in text', (locale, expected) => {
    const letter = render(notice(type), { name: 'Ada' }, locale)
    const [text, html] = [spaces(letter.text), spaces(letter.html)]
    for (const words of CASES[type][expected]) {
      expect(text + spaces(letter.subject)).toContain(words.replaceAll(' ', ' '))
      expect(html).toContain(words)
    }
    expect(letter.subject).not.toMatch(/[\r\n]/)
    expect(html).toContain(`<html lang="${locale}">`)
    expect(letter.text).not.toMatch(/[<>]/)
  })

  it.each(['en', 'fr'])('in %s says less, and nothing wrong, when details are missing', (locale) => {
    const nobody = lease && { ...lease, employee: null, client: null, imei: null }
    const known = { paymentMethod: null, plan: { ...plan, installments: [] }, lease: isOfLease(type) ? nobody : null }
    for (const to of RECIPIENTS) {
      const letter = render({ ...notice(type, {}), ...known, to }, { name: 'Ada' }, locale)
      expect(letter.subject + letter.text + letter.html).not.toMatch(/undefined|null|NaN|Invalid/)
    }
  })
})

it.each(TO_OTHERS)('%s tells the %s what it is to them', (type, to, en, fr) => {
  for (const [locale, expected] of [
    ['en-US', en],
    ['fr-CA', fr],
  ] as const) {
    const { subject, text } = render({ ...notice(type), to }, { name: 'Bo' }, locale)
    for (const words of expected) expect(spaces(`${subject} ${text}`)).toContain(words)
  }
})

it.each([
  ['paused', { monthly: 0, until: '2027-06-01T04:00:00Z' }, ['until June 1, 2027', '$0.00'], ['jusqu’au 1 juin 2027']],
  ['paused', { monthly: 0, until: null }, ['deduct nothing', 'goes on'], ['ne rien retenir avant sa reprise']],
  ['resumed', { monthly: null }, ['no longer paused'], ['retenir à nouveau']],
  ['transferred', { monthly: 0 }, ['directly from now on', 'deduct nothing more'], ['ne plus rien retenir']],
])('tells a company why another amount comes off pay: %s', (why, data, en, fr) => {
  const told = notice('lease.deduction_changed', { why, ...data })
  const [english, french] = ['en-US', 'fr-CA'].map((locale) => spaces(render(told, { name: 'Bo' }, locale).text))
  for (const words of en) expect(english).toContain(words)
  for (const words of fr) expect(french).toContain(words)
})

it.each([
  ['term_end', { deducted_on: '2028-01-15' }, ['buys the device', 'pay of January 2028'], ['achète', 'janvier 2028']],
  [
    'term_end',
    { until: '2028-02-20T05:00:00Z' },
    ['pause is over, on February 20'],
    ['suspension, le 20 février 2028'],
  ],
  ['term_end', { until: null }, ['when the pause is over,'], ['à la fin de la suspension,']],
  ['withdrawn', { deducted_on: '2028-01-15' }, ['not bought', 'do not deduct'], ['pas acheté', 'ne pas retenir']],
  ['offboarding', { deducted_on: '2027-03-20' }, ['leaves and keeps', 'last pay'], ['garde l’appareil']],
  ['lost', { deducted_on: '2027-03-20' }, ['was lost without cover'], ['perdu sans couverture']],
  ['stolen', { deducted_on: '2027-03-20' }, ['was stolen without cover'], ['volé sans couverture']],
  ['early_end', { deducted_on: '2027-03-20' }, ['ended before its term'], ['pris fin avant son terme']],
  ['months_to_come', { deducted_on: '2027-03-20' }, ['did not last'], ['n’a pas tenu']],
  ['open_months', { deducted_on: '2027-03-20' }, ['leaves', 'still open', 'last pay'], ['encore ouvertes']],
])('tells a company why something comes off pay once: %s', (why, data, en, fr) => {
  const told = notice('lease.lump_sum', { device: 'Phone X', lump_sum: why, amount: 15000, ...data })
  const [english, french] = ['en-US', 'fr-CA'].map((locale) => spaces(render(told, { name: 'Bo' }, locale).text))
  for (const words of [...en, '$150.00', 'Ada Obi', 'Phone X', 'Lease pt_1.']) expect(english).toContain(words)
  for (const words of [...fr, '150,00 $ US', 'Ada Obi']) expect(french).toContain(words)
  if (why === 'withdrawn') expect(english).not.toContain('Please deduct')
})

it.each([
  ['terms.paused', { until: '2027-06-01T04:00:00Z' }, ['Nothing is deducted', 'June 1, 2027'], ['Rien n’est retenu']],
  ['terms.paused', {}, ['Nothing is deducted', 'until it is resumed'], ['Rien n’est retenu']],
  ['terms.resumed', {}, ['deducted from your pay again'], ['à nouveau retenues']],
] as const)('tells whose pay it is, and nobody of a collection: %s', (type, data, en, fr) => {
  const told = { ...notice(type, data), lease }
  const [english, french] = ['en-US', 'fr-CA'].map((locale) => spaces(render(told, { name: 'Ada' }, locale).text))
  for (const words of en) expect(english).toContain(words)
  for (const words of fr) expect(french).toContain(words)
  expect(english).not.toContain('collected')
})

it('tells a company of a lease that is none of its payroll that it has nothing to deduct', () => {
  const told = {
    ...notice('lease.delivered'),
    to: 'client' as const,
    lease: lease && { ...lease, payer: 'employee' as const },
  }
  expect(render(told, { name: 'Bo' }, 'en').text).toContain('pays for it directly')
})

describe('a letter', () => {
  it('shows what somebody is called, and runs nothing of it', () => {
    const { html, text } = render(notice('terms.created'), { name: '<script>alert("x")</script> & Søn' }, 'en')
    expect(html).not.toContain('<script')
    expect(html).toContain('&lt;script&gt;')
    expect(text).toContain('& Søn')
  })

  it('links to where the bank asks, and to nothing that is no web address', () => {
    const { html, text } = render(notice('payment.action_required'), { name: 'Ada' }, 'en')
    expect(html).toContain('href="https://bank.example/3ds?a=1&amp;b=2"')
    expect(text).toContain('https://bank.example/3ds?a=1&b=2')
    const crafted = notice('payment.action_required', { installment: 4, url: 'javascript:alert(1)' })
    expect(render(crafted, { name: 'Ada' }, 'en').html).not.toContain('javascript:')
  })

  it('loads nothing from elsewhere', () => {
    for (const type of types) {
      const { html } = render(notice(type), { name: 'Ada' }, 'en')
      expect(html).not.toMatch(/<(img|link|script|iframe|style)\b|@import|url\(/i)
    }
  })

  it('shows two dozen instalments and counts the others', () => {
    const installments = Array.from({ length: 120 }, (_, n) => ({
      number: n + 1,
      dueDate: '2027-01-31',
      amount: 100,
      paid: 0,
      status: 'scheduled' as const,
    }))
    const { text } = render({ ...notice('terms.created'), plan: { ...plan, installments } }, { name: 'Ada' }, 'en')
    expect(text.match(/^- /gm)).toHaveLength(24)
    expect(text).toContain('and 96 more instalments')
  })

  it.each([
    ['KWD', 'KWD 8.333'],
    ['UGX', 'UGX 8,333'],
    ['JPY', '¥8,333'],
    ['EUR', '€83.33'],
  ])('counts %s as it is counted: %s', (currency, amount) => {
    const letter = render({ ...notice('payment.reminder'), plan: { ...plan, currency } }, { name: 'Ada' }, 'en')
    expect(spaces(letter.subject)).toContain(amount)
  })

  it('is written in English where the language is none of ours', () => {
    for (const locale of [null, '', 'xx', 'de-DE', 'not a locale', 'français']) {
      expect(chosen(locale)).toMatchObject({ format: 'en-US', wording: { language: 'en' } })
    }
    expect(chosen('fr_CA')).toMatchObject({ format: 'fr-CA', wording: { language: 'fr' } })
  })

  it('can be read by those who see little: every colour stands out 4.5 to 1 or more', () => {
    const { html } = render(notice('payment.action_required'), { name: 'Ada' }, 'en')
    const pairs = [...html.matchAll(/background:(#\w{6});color:(#\w{6})/g)].map(([, back, front]) => [back, front])
    const onWhite = [...html.matchAll(/[;"]color:(#\w{6})/g)].map(([, front]) => ['#ffffff', front])
    const onPage = [['#eef1f5', '#4a5563']]
    expect(pairs.length).toBeGreaterThan(1)
    for (const [back, front] of [...pairs, ...onPage, ...onWhite.filter(([, front]) => front !== '#ffffff')]) {
      expect(contrast(back ?? '', front ?? '')).toBeGreaterThanOrEqual(4.5)
    }
  })
})

/** WCAG 2.2, contrast ratio. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
