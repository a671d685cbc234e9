import { seeingAll } from '../db/migrate.ts'
import { openDatabase } from '../db/orm.ts'
import { type CycleFigures, type Kind, measureCycles } from './cycles.ts'
import { flood } from './flood.ts'
import { billingDays } from './herd.ts'
import { BENCH_KEYS } from './keys.ts'
import { limitedGateway } from './limit.ts'
import { readOptions, type Section } from './options.ts'
import { cyclesTable, floodLines, herdTable, limitLines, sleepingLine, startLines } from './report.ts'
import { type Servers, startServers } from './servers.ts'
import { sleeping } from './sleeping.ts'
import { startsAndMessages } from './starts.ts'

/** `npm run bench`: everything on the same servers in one run. See docs/benchmarks.md. */
const options = readOptions(process.argv.slice(2))
if (!options) process.exit(0)
const { size, sections, sqlite } = options
const say = (line: string) => console.log(line)
const servers = await startServers({ sqlite, say })
const orm = await openDatabase(seeingAll(servers.databaseUrls.owner), { name: 'bench', keys: BENCH_KEYS })
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void servers.stop().then(() => process.exit(130)))
try {
  say(sqlite ? 'Temporal: development server on SQLite' : 'Temporal: server on PostgreSQL')
  for (const section of sections) {
    say(`\n## ${section}`)
    await SECTIONS(servers)[section]()
  }
} finally {
  await orm.close()
  await servers.stop()
}
process.exit(0)

function SECTIONS(servers: Servers): Record<Section, () => Promise<void>> {
  return {
    cycles: () => cycles(servers, size.rounds, ['bare', 'textbook', 'tenor']),
    async herd() {
      for (const paid of size.paid) say(herdTable(await billingDays(servers, orm, { ...size.herd, paid })))
    },
    others: () => cycles(servers, 1, ['tenor', 'dbos', 'pg-boss']),
    limit: async () => say(limitLines(await limitedGateway(servers, orm, size.limit))),
    starts: async () => say(startLines(await startsAndMessages(servers, orm, size.starts))),
    flood: async () => say(floodLines(await flood(servers, orm, size.flood))),
    sleeping: async () => say(sleepingLine(await sleeping(servers, orm, size.sleeping))),
  }
}

/** In turn, so that what else the machine does meets all kinds alike; only figures of one round are compared. */
async function cycles(servers: Servers, rounds: number, kinds: Kind[]): Promise<void> {
  const figures: CycleFigures[][] = []
  for (let round = 0; round < rounds; round++) {
    const ofRound: CycleFigures[] = []
    for (const kind of kinds) ofRound.push(await measureCycles(servers, orm, kind, size.cycles))
    figures.push(ofRound)
    say(cyclesTable([ofRound]))
  }
  if (rounds > 1) say(`\nAll rounds:\n${cyclesTable(figures)}`)
}
