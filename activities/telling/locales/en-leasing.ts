import type { LeasingNotice } from '../../../domain/plans/effects.ts'
import type { Wording } from '../wording.ts'

/** What is told of leases and statements. */
export const leasing: Pick<Wording['letters'], LeasingNotice> = {
  'lease.created': (f) => ({ subject: 'Your device is ordered', paragraphs: [`${f.total} in ${f.count} months.`] }),
  'lease.dispatched': () => ({ subject: 'Your device is on its way', paragraphs: [] }),
  'lease.delivered': (f) => ({ subject: 'Your lease has begun', paragraphs: [`${f.total} in ${f.count} months.`] }),
  'lease.terminated': () => ({ subject: 'The device is out of stock', paragraphs: [] }),
  'lease.exchanged': () => ({ subject: 'The device is exchanged', paragraphs: [] }),
  'lease.extended': () => ({ subject: 'The lease is extended', paragraphs: [] }),
  'lease.end_asked': () => ({ subject: 'Your lease ends soon', paragraphs: [] }),
  'lease.ended': () => ({ subject: 'Your lease has ended', paragraphs: [] }),
  'lease.deduction_changed': () => ({ subject: 'The deduction has changed', paragraphs: [] }),
  'dispatch.wanted': () => ({ subject: 'A device is to be dispatched', paragraphs: [] }),
  'dispatch.overdue': () => ({ subject: 'A device has not been dispatched', paragraphs: [] }),
}
