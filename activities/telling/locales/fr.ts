import type { Figures } from '../figures.ts'
import type { WhyFigures, Wording, Words } from '../wording.ts'
import { leasing, payrollPause } from './fr-leasing.ts'
import { statement } from './fr-statement.ts'

const REASONS: Record<Figures['reason'], string> = {
  insufficient_funds: 'le compte n’était pas suffisamment approvisionné',
  expired: 'la carte a expiré',
  other: 'la banque l’a refusé',
}

function thing({ installment, count }: Figures): string {
  return installment ? `l’échéance ${installment} sur ${count}` : 'votre paiement'
}

function ofInstallment({ installment, count }: Figures): string | null {
  return installment ? `${installment} sur ${count}` : null
}

function scheduleTable(f: Figures): Words['table'] {
  const rows = f.schedule.map((one) => [String(one.number), one.dueDate, one.amount])
  return { caption: 'Votre échéancier', head: ['N°', 'Date', 'Montant'], rows, texts: 2 }
}

function changeTable(f: Figures): Words['table'] {
  const rows = f.changes.map((one) => [String(one.number), one.dueDate, one.before, one.after])
  return { caption: 'Ce qui change', head: ['N°', 'Date', 'Avant', 'Désormais'], rows, texts: 2 }
}

function more({ moreRows }: Figures): string[] {
  return moreRows > 0
    ? [`… et ${moreRows} autre${moreRows === 1 ? '' : 's'} échéance${moreRows === 1 ? '' : 's'}.`]
    : []
}

const letters: Wording['letters'] = {
  ...leasing,
  'terms.created': (f) => ({
    subject: `Votre plan de paiement de ${f.total}`,
    paragraphs: [`Votre plan de paiement est en place : ${f.total} en ${f.count} échéances.`],
    facts: [
      ['Total', f.total],
      ['Échéances', String(f.count)],
    ],
    table: scheduleTable(f),
    after: [...more(f), 'Chaque échéance est prélevée à sa date ; vous n’avez rien à faire.'],
  }),
  'terms.adjusted': (f) => ({
    subject: `Votre plan de paiement a changé : ${f.total} au total`,
    paragraphs: [
      f.previousTotal
        ? `Le total de votre plan de paiement passe de ${f.previousTotal} à ${f.total}.`
        : `Le total de votre plan de paiement est désormais de ${f.total}.`,
    ],
    facts: [
      ['Total précédent', f.previousTotal],
      ['Nouveau total', f.total],
      ['Nous remboursons', f.refunded],
    ],
    table: changeTable(f),
    after: more(f),
  }),
  'terms.canceled': ({ cancellation: c, ...f }) => ({
    subject: 'Votre plan de paiement est résilié',
    paragraphs: [
      c.effectiveDate
        ? `Votre plan de paiement est résilié à compter du ${c.effectiveDate}. Plus aucune échéance n’est prélevée.`
        : 'Votre plan de paiement est résilié. Plus aucune échéance n’est prélevée.',
      c.refund ? `Nous vous remboursons ${c.refund}.` : 'Il n’y a rien à rembourser.',
      ...(f.provisional ? ['Un paiement est encore en cours. Nous referons le calcul dès qu’il sera terminé.'] : []),
    ],
    facts: [
      ['Jours écoulés', c.usedDays !== null && c.termDays !== null ? `${c.usedDays} sur ${c.termDays}` : null],
      ['Acquis à cette date', c.earned],
      ['Frais de résiliation', c.fee],
      ['Retenue sur le reste', c.penalty],
      ['Payé', f.paid],
      ['Nous remboursons', c.refund],
      ['Reste à payer', c.balance],
    ],
    after: c.balance ? [`Le solde de ${c.balance} est prélevé en une fois.`] : [],
  }),
  'terms.completed': (f) => ({
    subject: 'Votre plan de paiement est terminé',
    paragraphs: [`Tout est payé : ${f.paid} au total. Merci.`],
  }),
  'terms.paused': (f) =>
    f.lease.isByPayroll
      ? payrollPause['terms.paused'](f)
      : {
          subject: 'Votre plan de paiement est suspendu',
          paragraphs: [
            f.until
              ? `Votre plan de paiement est suspendu jusqu’au ${f.until}. Aucune nouvelle échéance n’est prélevée d’ici là.`
              : 'Votre plan de paiement est suspendu. Aucune nouvelle échéance n’est prélevée avant sa reprise.',
            f.pauseMode === 'catch_up'
              ? 'Les échéances de cette période seront prélevées ensuite, une par jour.'
              : 'Les échéances de cette période sont reportées à la fin de l’échéancier.',
          ],
        },
  'terms.resumed': (f) =>
    f.lease.isByPayroll
      ? payrollPause['terms.resumed'](f)
      : {
          subject: 'Votre plan de paiement reprend',
          paragraphs: ['La suspension est terminée. Les échéances sont à nouveau prélevées comme prévu.'],
          facts: [['Reste à payer', f.outstanding]],
          table: scheduleTable(f),
          after: more(f),
        },
  'payment.reminder': (f) => ({
    subject: f.dueDate ? `${f.amount} à payer le ${f.dueDate}` : `${f.amount} à payer prochainement`,
    paragraphs: [`Nous allons prélever ${thing(f)}. Veillez à ce que votre compte soit suffisamment approvisionné.`],
    facts: [
      ['Montant', f.amount],
      ['Date', f.dueDate],
      ['Échéance', ofInstallment(f)],
      ['Moyen de paiement', f.paymentMethod],
    ],
  }),
  'payment.receipt': (f) => ({
    subject: `Reçu de votre paiement de ${f.amount}`,
    paragraphs: [`Merci. Nous avons reçu ${f.amount} pour ${thing(f)}. Le reçu est joint.`],
    facts: [
      ['Montant', f.amount],
      ['Date', f.day],
      ['Échéance', ofInstallment(f)],
      ['Moyen de paiement', f.paymentMethod],
      ['Reste à payer', f.outstanding],
    ],
  }),
  'payment.failed': (f) => ({
    subject: `Nous n’avons pas pu prélever ${f.amount}`,
    paragraphs: [
      `Nous n’avons pas pu prélever ${thing(f)} : ${REASONS[f.reason]}.`,
      f.retryOn
        ? `Nous essaierons à nouveau le ${f.retryOn}. Veillez à approvisionner votre compte d’ici là.`
        : 'Nous n’essaierons plus de nous-mêmes.',
    ],
    facts: [
      ['Montant', f.amount],
      ['Date', f.dueDate],
      ['Prochain essai', f.retryOn],
      ['Moyen de paiement', f.paymentMethod],
    ],
  }),
  'payment.action_required': (f) => ({
    subject: `Veuillez confirmer votre paiement de ${f.amount}`,
    paragraphs: [
      `Votre banque vous demande de confirmer ${thing(f)} avant de payer.`,
      ...(f.retryOn ? [`À défaut, nous essaierons à nouveau le ${f.retryOn}.`] : []),
    ],
    action: f.url ? { label: 'Confirmer le paiement', url: f.url } : null,
    facts: [
      ['Montant', f.amount],
      ['Moyen de paiement', f.paymentMethod],
    ],
  }),
  'payment.escalated': (f) => ({
    subject: `${f.amount} restent impayés`,
    paragraphs: [
      `Nous n’avons pas pu prélever ${thing(f)} et n’essaierons plus de nous-mêmes. Votre courtier en est informé et vous contactera.`,
    ],
    facts: [
      ['Impayé', f.amount],
      ['Date', f.dueDate],
    ],
  }),
  'payment.returned': (f) => ({
    subject: `Votre paiement de ${f.amount} a été rejeté`,
    paragraphs: [
      `Votre banque a repris un paiement qu’elle avait effectué${f.reason === 'insufficient_funds' ? ' : le compte n’était pas suffisamment approvisionné' : ''}. Ce montant est à nouveau impayé.`,
    ],
    facts: [
      ['Montant', f.amount],
      ['Reste à payer', f.outstanding],
    ],
  }),
  'payment.reinstated': (f) => ({
    subject: `Votre paiement de ${f.amount} compte à nouveau`,
    paragraphs: [
      'Votre banque nous a rendu un paiement qu’elle avait repris. Il compte à nouveau comme payé ; si c’est plus que ce que vous devez, nous vous remboursons le reste.',
    ],
    facts: [
      ['Montant', f.amount],
      ['Reste à payer', f.outstanding],
    ],
  }),
  'payment_method.required': (f) => ({
    subject: 'Veuillez nous indiquer un autre moyen de paiement',
    paragraphs: [
      `Nous n’avons pas pu prélever ${thing(f)} : ${REASONS[f.reason]}. Nous ne pouvons plus débiter ${f.paymentMethod ?? 'votre moyen de paiement'}.`,
      'Veuillez le remplacer. Nous prélèverons aussitôt ce qui reste impayé.',
    ],
    facts: [['Impayé', f.amount]],
  }),
  'payment_method.changed': (f) => ({
    subject: 'Votre moyen de paiement a changé',
    paragraphs: ['Désormais, vos échéances sont prélevées sur le moyen de paiement ci-dessous.'],
    facts: [['Moyen de paiement', f.paymentMethod]],
    after: ['Si ce changement ne vient pas de vous, veuillez nous contacter.'],
  }),
  'refund.receipt': (f) => ({
    subject: `Reçu de votre remboursement de ${f.amount}`,
    paragraphs: [
      `Nous vous avons remboursé ${f.amount}. Votre banque peut mettre quelques jours à l’afficher. Le reçu est joint.`,
    ],
    facts: [
      ['Montant', f.amount],
      ['Date', f.day],
    ],
  }),
  'refund.failed': (f) => ({
    subject: `Votre remboursement de ${f.amount} n’est pas arrivé`,
    paragraphs: [
      `Nous vous avions remboursé ${f.amount}, mais votre banque n’a pas pu créditer ce montant et nous l’a renvoyé. Votre courtier est prévenu et veillera à ce que vous le receviez.`,
    ],
    facts: [['Montant', f.amount]],
  }),
}

const CAUSES: Record<string, string> = {
  due: 'Prélevé à sa date.',
  retry: 'Prélevé lors d’un nouvel essai, après un refus.',
  broker: 'Prélevé à la demande d’un courtier.',
  payment_method: 'Prélevé après le remplacement du moyen de paiement.',
  one_off: 'Payé par le client de lui-même.',
  mark_paid: 'Payé par un autre moyen et enregistré par un courtier.',
  adjustment: 'Remboursé parce que le total a été abaissé.',
  cancellation: 'Remboursé parce que le plan a été résilié.',
  overpaid: 'Remboursé parce qu’il a été payé plus que dû.',
}

function why(w: WhyFigures): string[] {
  const sentences = [w.cause ? (CAUSES[w.cause] ?? null) : null]
  if (w.installment && w.installmentAmount) {
    const dueDate = w.dueDate ? `, à payer le ${w.dueDate},` : ''
    const paid = w.alreadyPaid ? `, dont ${w.alreadyPaid} déjà payés` : ''
    sentences.push(`L’échéance ${w.installment} sur ${w.of}${dueDate} est de ${w.installmentAmount}${paid}.`)
  }
  if (w.total) {
    sentences.push(
      w.discount
        ? `Le total du plan est de ${w.total} moins une remise de ${w.discount}.`
        : `Le total du plan est de ${w.total}.`,
    )
  }
  if (w.parts.length > 0) {
    const parts = w.parts.map((part) => `${part.amount} de l’échéance ${part.installment}`)
    sentences.push(`Il règle ${parts.join(', ')}.`)
  }
  if (w.reference) sentences.push(`Référence : ${w.reference}.`)
  return sentences.filter((sentence) => sentence !== null)
}

export const fr: Wording = {
  language: 'fr',
  greeting: (name) => `Bonjour ${name},`,
  footer: (planId, isLease) =>
    isLease
      ? `Contrat de location ${planId}. Vous recevez cette lettre parce que ce contrat vous concerne.`
      : `Plan de paiement ${planId}. Vous recevez cette lettre parce qu’elle concerne vos paiements.`,
  letters,
  why,
  what: ({ installment, of, isRefund }) => {
    if (isRefund) return 'Remboursement'
    return installment ? `Échéance ${installment} sur ${of}` : 'Paiement au titre du plan'
  },
  statement,
  receipt: {
    title: { payment: 'Reçu', refund: 'Reçu de remboursement' },
    number: 'Numéro du reçu',
    plan: 'Plan de paiement',
    customer: 'Client',
    date: 'Date',
    amount: { payment: 'Montant payé', refund: 'Montant remboursé' },
    paymentMethod: 'Moyen de paiement',
    outsideGateway: 'Enregistré par un courtier',
    what: 'Pour',
    why: 'Pourquoi ce montant',
    paidSoFar: 'Payé à ce jour',
    refundedSoFar: 'Remboursé à ce jour',
    keptSoFar: 'Payé moins remboursé',
  },
}
