export { testClock } from './clocks/test-clock.ts'
export { financingTerm } from './financing/financing-term.ts'
