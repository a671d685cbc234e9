export { testClock } from './clocks/test-clock.ts'
export { financingTerm } from './financing/financing-term.ts'
export { lease } from './leasing/lease.ts'
export { statementPayment } from './leasing/statement-payment.ts'
