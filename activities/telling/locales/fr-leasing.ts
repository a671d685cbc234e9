import type { LeasingNotice } from '../../../domain/plans/effects.ts'
import type { Figures, LeaseFigures } from '../figures.ts'
import type { Wording, Words } from '../wording.ts'

const device = ({ lease }: Figures) => lease.device ?? 'appareil'
const forWhom = ({ lease }: Figures) => (lease.employee ? ` pour ${lease.employee}` : '')

/** Ce que dit du contrat chaque lettre à ceux qui en ont plusieurs. */
function about({ lease, to }: Figures): NonNullable<Words['facts']> {
  if (to === 'customer') return [['Appareil', lease.device]]
  return [
    ['Salarié', lease.employee],
    ...(to === 'back_office' ? ([['Entreprise', lease.client]] as [string, string | null][]) : []),
    ['Appareil', lease.device],
    ...(to === 'back_office' ? ([['IMEI', lease.imei]] as [string, string | null][]) : []),
  ]
}

function schedule(f: Figures): Words['table'] {
  const rows = f.schedule.map((one) => [String(one.number), one.dueDate, one.amount])
  return { caption: 'Mensualités', head: ['N°', 'Date', 'Montant'], rows, texts: 2 }
}

function changes(f: Figures): Words['table'] {
  const rows = f.changes.map((one) => [String(one.number), one.dueDate, one.before, one.after])
  return { caption: 'Ce qui change', head: ['N°', 'Date', 'Avant', 'Désormais'], rows, texts: 2 }
}

const more = ({ moreRows }: Figures): string[] => (moreRows > 0 ? [`… et ${moreRows} autres mois.`] : [])

function paidBy({ lease, to }: Figures): string {
  if (to === 'client') return lease.isByPayroll ? 'Le loyer est retenu sur son salaire.' : 'Le salarié paie lui-même.'
  return lease.isByPayroll
    ? 'Le loyer est retenu chaque mois sur votre salaire ; vous n’avez rien à faire.'
    : 'Le loyer est prélevé chaque mois sur votre moyen de paiement ; vous n’avez rien à faire.'
}

const CHOICES: Record<NonNullable<LeaseFigures['choice']>, string> = {
  return: 'Pour l’instant, l’appareil sera rendu.',
  extend: 'Pour l’instant, vous le gardez plus longtemps.',
  buy_out: 'Pour l’instant, vous l’achetez.',
}

const ENDS: Record<NonNullable<LeaseFigures['how']>, { yours: string; theirs: string }> = {
  return: {
    yours: 'Le contrat est arrivé à son terme. Veuillez renvoyer l’appareil.',
    theirs: 'Le contrat est arrivé à son terme ; l’appareil est rendu.',
  },
  canceled: {
    yours: 'Le contrat a pris fin avant son terme. Veuillez renvoyer l’appareil.',
    theirs: 'Le contrat a pris fin avant son terme ; l’appareil est rendu.',
  },
  buy_out: {
    yours: 'L’appareil est à vous dès que sa valeur résiduelle est payée.',
    theirs: 'L’appareil est racheté, et vendu dès que sa valeur résiduelle est payée.',
  },
  lost: { yours: 'L’appareil est déclaré perdu.', theirs: 'L’appareil est déclaré perdu.' },
  stolen: { yours: 'L’appareil est déclaré volé.', theirs: 'L’appareil est déclaré volé.' },
}

const DEDUCTION: Record<NonNullable<LeaseFigures['why']>, (f: Figures) => string> = {
  adjusted: () => 'La location a été modifiée. À partir de la prochaine paie, veuillez retenir ce qui suit.',
  paused: ({ until }) =>
    until
      ? `La location est suspendue jusqu’au ${until}. Veuillez ne rien retenir d’ici là.`
      : 'La location est suspendue. Veuillez ne rien retenir avant sa reprise, que nous vous annoncerons.',
  resumed: () =>
    'La suspension de la location est terminée. À partir de la prochaine paie, veuillez retenir à nouveau les mensualités.',
  transferred: () => 'Le salarié paie désormais la location lui-même. Veuillez ne plus rien retenir.',
}

const LUMP_SUM: Record<NonNullable<LeaseFigures['lumpSum']>, string> = {
  term_end: 'Le salarié achète l’appareil à la fin du contrat. Sa valeur résiduelle est à retenir sur son salaire.',
  withdrawn:
    'L’appareil n’est finalement pas acheté à la fin du contrat. Veuillez ne pas retenir ce que nous vous avions annoncé.',
  bought_out:
    'Le salarié a acheté l’appareil avant la fin du contrat : les mensualités restantes et la valeur résiduelle sont à retenir sur son salaire.',
  offboarding:
    'Le salarié quitte l’entreprise et garde l’appareil : les mensualités restantes et la valeur résiduelle sont à retenir sur son dernier salaire.',
  lost: 'L’appareil a été perdu sans couverture : les mensualités restantes et la valeur résiduelle sont à retenir sur le salaire.',
  stolen:
    'L’appareil a été volé sans couverture : les mensualités restantes et la valeur résiduelle sont à retenir sur le salaire.',
  early_end:
    'La location a pris fin avant son terme : ce que ses conditions prévoient alors est à retenir sur le salaire.',
  months_to_come:
    'Un paiement fait par le salarié pour des mois à venir n’a pas tenu : ces mois sont à retenir sur son salaire.',
  open_months:
    'Le salarié quitte l’entreprise : les mensualités encore ouvertes de la location sont à retenir sur son dernier salaire.',
}

/** Quand le retenir, s’il y a lieu. */
function deductedWhen({ lease, until }: Figures): string[] {
  if (lease.lumpSum === 'withdrawn') return []
  if (lease.payOf) return [`Veuillez le retenir avec la paie de ${lease.payOf}, en plus des mensualités.`]
  return [`Veuillez le retenir à la fin de la suspension${until ? `, le ${until}` : ''}, en plus des mensualités.`]
}

/** Une suspension de ce qui est retenu sur le salaire ; rien n’y est prélevé. */
export const payrollPause: Pick<Wording['letters'], 'terms.paused' | 'terms.resumed'> = {
  'terms.paused': (f) => ({
    subject: 'Votre location est suspendue',
    paragraphs: [
      f.until
        ? `Votre location est suspendue jusqu’au ${f.until}. Rien n’est retenu sur votre salaire d’ici là.`
        : 'Votre location est suspendue. Rien n’est retenu sur votre salaire avant sa reprise.',
      f.pauseMode === 'catch_up'
        ? 'Les mensualités de cette période seront retenues ensuite.'
        : 'Les mensualités de cette période sont reportées à la fin de l’échéancier.',
    ],
    facts: about(f),
  }),
  'terms.resumed': (f) => ({
    subject: 'Votre location reprend',
    paragraphs: ['La suspension est terminée. Les mensualités sont à nouveau retenues sur votre salaire comme prévu.'],
    facts: [...about(f), ['Reste à payer', f.outstanding]],
    table: schedule(f),
    after: more(f),
  }),
}

/** Ce qui est dit des contrats de location, au salarié, à l’entreprise et à notre service. */
export const leasing: Pick<Wording['letters'], LeasingNotice> = {
  'lease.created': (f) => ({
    subject: f.to === 'client' ? `Commande${forWhom(f)} : ${device(f)}` : `Votre commande : ${device(f)}`,
    paragraphs: [
      f.to === 'client'
        ? `Un appareil est commandé en location${forWhom(f)} dans votre boutique. ${paidBy(f)}`
        : 'Nous avons bien reçu votre commande et vous préviendrons de l’envoi. Jusqu’à la livraison, vous ne devez rien et pouvez annuler sans frais.',
    ],
    facts: [...about(f), ['Total', f.total], ['Durée', f.lease.months === null ? null : `${f.lease.months} mois`]],
  }),
  'lease.dispatched': (f) => ({
    subject: `Votre appareil est en route : ${device(f)}`,
    paragraphs: ['Il est envoyé au bureau de votre entreprise. La location commence le jour de son arrivée.'],
    facts: [...about(f), ['Suivi', f.lease.tracking]],
  }),
  'lease.delivered': (f) => ({
    subject:
      f.to === 'client' ? `Appareil livré${forWhom(f)} : ${device(f)}` : `Votre appareil est arrivé : ${device(f)}`,
    paragraphs: [`La location a commencé. ${paidBy(f)}`],
    facts: [...about(f), ['Du', f.lease.startDate], ['Au', f.lease.endDate], ['Total', f.total]],
    table: schedule(f),
    after: more(f),
  }),
  'lease.terminated': (f) => ({
    subject: `Rupture de stock : ${device(f)}${f.to === 'customer' ? '' : forWhom(f)}`,
    paragraphs: [
      f.to === 'customer'
        ? 'Nous sommes désolés : l’appareil que vous avez commandé est épuisé. La commande prend fin et rien n’est prélevé. Vous pouvez choisir un autre appareil.'
        : 'L’appareil commandé est épuisé. La commande prend fin, et rien n’est prélevé ni retenu.',
    ],
    facts: about(f),
  }),
  'lease.exchanged': (f) => ({
    subject: f.to === 'customer' ? `Votre appareil est échangé : ${device(f)}` : `Échange${forWhom(f)} : ${device(f)}`,
    paragraphs: [
      f.to === 'back_office'
        ? 'Veuillez envoyer le nouvel appareil. L’ancien est rendu et doit être contrôlé.'
        : f.to === 'client'
          ? 'La location se poursuit avec un autre appareil.'
          : 'La location se poursuit avec un autre appareil. Veuillez renvoyer l’ancien.',
    ],
    facts: [...about(f), ['À la place de', f.lease.insteadOf], ['Désormais par mois', f.lease.monthly]],
  }),
  'lease.extended': (f) => ({
    subject:
      f.to === 'client' ? `La location continue${forWhom(f)} : ${device(f)}` : `Votre location continue : ${device(f)}`,
    paragraphs: [
      `La location est prolongée${f.lease.months === null ? '' : ` de ${f.lease.months} mois`}, au loyer réduit. ${paidBy(f)}`,
    ],
    facts: [...about(f), ['Par mois', f.lease.monthly], ['Au', f.lease.endDate]],
  }),
  'lease.end_asked': (f) => ({
    subject: f.lease.endDate
      ? `Votre location prend fin le ${f.lease.endDate} : que souhaitez-vous ?`
      : 'Votre location prend bientôt fin : que souhaitez-vous ?',
    paragraphs: [
      'Vous pouvez rendre l’appareil, le garder plus longtemps à un loyer réduit, ou l’acheter. Veuillez choisir avant la fin de la location.',
      ...(f.lease.choice ? [CHOICES[f.lease.choice]] : []),
    ],
    facts: [...about(f), ['Le garder, par mois', f.lease.monthly], ['L’acheter', f.lease.residual]],
  }),
  'lease.ended': (f) => ({
    subject:
      f.to === 'customer'
        ? `Votre location est terminée : ${device(f)}`
        : `Location terminée${forWhom(f)} : ${device(f)}`,
    paragraphs: [
      ...(f.lease.how ? [ENDS[f.lease.how][f.to === 'customer' ? 'yours' : 'theirs']] : []),
      ...(f.to === 'back_office' && (f.lease.how === 'return' || f.lease.how === 'canceled')
        ? ['Veuillez le remettre en stock quand il est arrivé et en état.']
        : []),
    ],
    facts: about(f),
  }),
  'lease.deduction_changed': (f) => ({
    subject: `Paie : la retenue${forWhom(f)} change`,
    paragraphs: [DEDUCTION[f.lease.why ?? 'adjusted'](f)],
    facts: [
      ...about(f),
      ['Par mois désormais', f.lease.monthly],
      ['Total précédent', f.previousTotal],
      ['Nouveau total', f.total],
      ['Rendu avec la paie', f.refunded],
    ],
    table: changes(f),
    after: more(f),
  }),
  'lease.lump_sum': (f) => ({
    subject:
      f.lease.lumpSum === 'withdrawn'
        ? `Paie : finalement rien à retenir${forWhom(f)} : ${f.amount}`
        : `Paie : à retenir une fois${forWhom(f)} : ${f.amount}`,
    paragraphs: [...(f.lease.lumpSum ? [LUMP_SUM[f.lease.lumpSum]] : []), ...deductedWhen(f)],
    facts: [...about(f), ['Montant', f.amount], ['Le', f.lease.deductedOn]],
  }),
  'dispatch.wanted': (f) => ({
    subject: `À envoyer : ${device(f)}${forWhom(f)}`,
    paragraphs: ['L’appareil ci-dessous est réservé. S’il ne peut pas partir, signalez la rupture de stock.'],
    facts: about(f),
  }),
  'dispatch.overdue': (f) => ({
    subject: `Pas encore envoyé : ${device(f)}${forWhom(f)}`,
    paragraphs: ['Il devait partir au plus tard aujourd’hui. Sans envoi, un courtier est prévenu demain.'],
    facts: [...about(f), ['À envoyer avant le', f.lease.dispatchBy]],
  }),
}
