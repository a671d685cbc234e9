const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/\\.tenor'],
}

const servers = {
  globalSetup: '<rootDir>/test/support/setup-servers.mjs',
  globalTeardown: '<rootDir>/test/support/teardown-servers.mjs',
}

/** Needs no server, stands beside what it tests. */
const unit = {
  displayName: 'unit',
  testMatch: ['<rootDir>/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/', '\\.(int|e2e)\\.test\\.ts$'],
}

/** Real PostgreSQL and real Temporal, started once for all files. */
const integration = { displayName: 'integration', testMatch: ['<rootDir>/**/*.int.test.ts'], ...servers }
/** The whole of Tenor, through its API; started once for all files. */
const e2e = {
  displayName: 'e2e',
  testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/setup-stack.mjs',
  globalTeardown: '<rootDir>/test/support/teardown-servers.mjs',
}
const faults = { displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.test.ts'] }
const replay = { displayName: 'replay', testMatch: ['<rootDir>/test/replay/**/*.test.ts'] }
/** Real timers over years, on the time-skipping server. */
const calendar = { displayName: 'calendar', testMatch: ['<rootDir>/test/calendar/**/*.test.ts'], ...servers }
const simulation = { displayName: 'simulation', testMatch: ['<rootDir>/test/simulation/**/*.test.ts'] }

export default {
  // Servers, their clients and the workers under test share the machine's cores with jest, but many tests wait.
  maxWorkers: 3,
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  testTimeout: 60_000,
  projects: [unit, simulation, replay, calendar, integration, e2e, faults].map((project) => ({
    ...shared,
    ...project,
  })),
}
