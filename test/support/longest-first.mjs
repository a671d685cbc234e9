import TestSequencer from '@jest/test-sequencer'

/** Minutes each, of which jest knows nothing on a fresh clone: the last of them would run with nothing beside it. */
const LONGEST = ['simulation', 'faults', 'e2e', 'replay']

export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ context }) => {
      const at = LONGEST.indexOf(context.config.displayName.name)
      return at === -1 ? LONGEST.length : at
    }
    return super.sort(tests).toSorted((one, other) => rank(one) - rank(other))
  }
}
