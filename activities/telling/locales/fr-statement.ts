import type { LeaseEnding } from '../../../domain/leasing/lease-changes.ts'
import type { StatementWords } from '../wording.ts'

const some = (count: number, one: string, many = `${one}s`) => `${count} ${count < 2 ? one : many}`

const ENDINGS: Record<LeaseEnding, string> = {
  return: 'appareil rendu',
  buy_out: 'appareil acheté',
  lost: 'appareil perdu',
  stolen: 'appareil volé',
  canceled: 'avant son terme',
  transfer: 'payée par le salarié',
}

export const statement: StatementWords = {
  title: (number) => `Relevé ${number}`,
  client: 'Client',
  period: 'Période',
  days: (first, last) => (first === last ? first : `${first} au ${last}`),
  closed: 'Arrêté le',
  leases: 'Locations',
  counts: (began, changed, ended) =>
    `${some(began, 'nouvelle')}, ${some(changed, 'modifiée')}, ${some(ended, 'terminée')}`,
  lines: 'Lignes',
  linesOf: (lines, employees, credits) =>
    `${lines} pour ${some(employees, 'salarié')}${credits === 0 ? '' : `, dont ${some(credits, 'avoir')}`}`,
  linesAmount: 'Retenues moins avoirs',
  carriedIn: 'Reporté du précédent',
  carriedOut: 'Reporté au suivant',
  total: 'À payer',
  columns: {
    employee: 'Salarié',
    lease: 'Location',
    device: 'Appareil',
    what: 'Pour',
    date: 'Date',
    amount: 'Montant',
  },
  installment: (number) => (number === 0 ? 'Solde' : `Échéance ${number}`),
  credit: 'Avoir',
  employeeTotal: (name) => `Total de ${name}`,
  leaseColumns: {
    change: 'Nouvelle, modifiée ou terminée',
    since: 'Depuis',
    before: 'Par mois avant',
    monthly: 'Par mois',
  },
  change: (change, how) =>
    ({ began: 'Nouvelle', changed: 'Modifiée', ended: how === null ? 'Terminée' : `Terminée : ${ENDINGS[how]}` })[
      change
    ],
  instead: (device, previous) => `${device} (avant : ${previous})`,
  pageOf: (page, pages) => `Page ${page} sur ${pages}`,
  letter: (f) => ({
    subject: f.isOwed ? `Relevé ${f.number} : ${f.total} à payer` : `Relevé ${f.number} : rien à payer`,
    paragraphs: [
      `Votre relevé de la période du ${f.days} est arrêté.`,
      f.isOwed
        ? f.paymentMethod
          ? `Nous prélevons ${f.total} sur ${f.paymentMethod} ; vous n’avez rien à faire.`
          : `${f.total} sont à payer dès maintenant. Veuillez nous indiquer un moyen de paiement.`
        : 'Rien n’est prélevé.',
    ],
    facts: [
      ['Lignes', f.lines],
      ['Retenues moins avoirs', f.linesAmount],
      ['Reporté du précédent', f.carriedIn],
      ['À payer', f.total],
      ['Reporté au suivant', f.carriedOut],
    ],
    after: [
      f.isAttached
        ? 'Toutes les lignes sont jointes, en PDF et en tableau (CSV).'
        : 'Il y a trop de lignes pour une lettre : le PDF et le tableau (CSV) sont là où vous gérez vos locations.',
    ],
  }),
  footer: (id) => `Relevé ${id}. Vous recevez cette lettre parce que votre entreprise loue des appareils.`,
}
