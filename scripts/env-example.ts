import { readFileSync, writeFileSync } from 'node:fs'
import { envExample } from '../workers/config.ts'

/** Writes `.env.example`, or with `--check` fails when it differs from the configuration's schema. */
const file = new URL('../.env.example', import.meta.url)
if (!process.argv.includes('--check')) {
  writeFileSync(file, envExample())
} else if (readFileSync(file, 'utf8') !== envExample()) {
  console.error('.env.example differs from workers/config.ts: run `npm run env:write` and commit it.')
  process.exit(1)
}
