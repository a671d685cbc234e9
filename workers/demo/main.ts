import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Addresses, homeFolder, runningStack } from '../stack/home.ts'
import { runInTerminal } from '../stack/terminal.ts'
import { type Narrator, narrator } from './narrator.ts'
import { openStage } from './stage.ts'
import { financing } from './stories/financing.ts'
import { leasing } from './stories/leasing.ts'
import type { Story } from './story.ts'
import type { Where } from './waiting.ts'

const STORIES: Record<string, Story> = { financing, leasing }
const LINE_MS = 150

const USAGE = `npm run demo [-- <story>] [--speed <factor>] [--fast] [--exit] [--port-base <port>] [--home <folder>]
  story        financing (default): a policy year of five policyholders
               leasing: a year of a company whose employees lease devices
  --speed      2 lets each line stand half as long
  --fast       does not wait at all
  --exit       ends after the story instead of leaving everything up
  --port-base, --home  as for npm start; a stack that runs in this home is used, and left running`

if (existsSync('.env')) process.loadEnvFile('.env')
const options = readArguments()
const running = runningStack(options.home)
if (running) await playOn(running, 'Tenor was running already, and still is.')
else await runInTerminal(options.stackArguments, ({ addresses }) => playAndStay(addresses))

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      speed: { type: 'string', default: '1' },
      fast: { type: 'boolean', default: false },
      exit: { type: 'boolean', default: false },
      'port-base': { type: 'string' },
      home: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const story = STORIES[positionals[0] ?? 'financing']
  const speed = Number(values.speed)
  if (values.help || !story || !(speed > 0)) {
    console.log(USAGE)
    process.exit(values.help ? 0 : 2)
  }
  const stackArguments = (['port-base', 'home'] as const).flatMap((name) =>
    values[name] === undefined ? [] : [`--${name}`, values[name]],
  )
  const home = homeFolder(values.home ? { TENOR_HOME: values.home } : process.env)
  return { story, pauseMs: values.fast ? 0 : LINE_MS / speed, exit: values.exit, home, stackArguments }
}

async function playAndStay(addresses: Addresses): Promise<void> {
  await play(addresses, narrator(process.stdout, options.pauseMs))
  // As Ctrl-C would: whoever runs the stack stops it in good order.
  if (options.exit) process.kill(process.pid, 'SIGTERM')
  else console.log('\nEverything stays up to look around. Ctrl-C stops it; the data is kept.')
}

async function playOn(addresses: Addresses, ending: string): Promise<void> {
  try {
    await play(addresses, narrator(process.stdout, options.pauseMs))
    console.log(`\n${ending}`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

async function play(addresses: Addresses, narrator: Narrator): Promise<void> {
  const began = Date.now()
  const { title, opens, scenes, close } = options.story
  narrator.heading(title)
  const stage = await openStage(whereOf(addresses), narrator, opens)
  for (const scene of scenes) {
    narrator.heading(scene.title)
    await scene.play(stage)
  }
  await close(stage, narrator)
  narrator.say(`\nA year in ${Math.round((Date.now() - began) / 1000)} seconds.`)
}

/** A demo plays with money that is not real: everything outside must be a sandbox. */
function whereOf({ api, token, stripe, inbox, salesforce }: Addresses): Where {
  if (!token || !stripe || !inbox || !salesforce) {
    throw new Error('The demo needs the sandboxes and the development issuer: name no gateway in the environment.')
  }
  return { api, token, stripe, inbox, salesforce }
}
