import { existsSync, readFileSync } from 'node:fs'
import { validate } from 'dockerfile-utils'
import { parse } from 'yaml'
import { CONFIG_NAMES, ConfigError, loadConfig } from '../workers/config.ts'

/**
 * What can be known of the compose file and the Dockerfile without a container engine: the Dockerfile's lint, that what
 * it copies exists, that the services hang together, and that they are given a configuration that Tenor takes.
 */
type Service = {
  build?: { target: string }
  command?: string[]
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  healthcheck?: object
  volumes?: string[]
}
type Compose = { services: Record<string, Service>; volumes: Record<string, unknown> }

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as Compose
const dockerfile = readFileSync('Dockerfile', 'utf8')
const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map((match) => match[1])

function dockerfileProblems(): string[] {
  const lint = validate(dockerfile).map(
    ({ message, range }) => `Dockerfile:${range.start.line + 1}: ${String(message)}`,
  )
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]?.split(' ') ?? [])
  const ignored = readFileSync('.dockerignore', 'utf8').split('\n')
  return [
    ...lint,
    ...copied.filter((path) => !existsSync(path)).map((path) => `Dockerfile copies ${path}, which is not there.`),
    ...copied
      .filter((path) => !ignored.includes(`!${path}`))
      .map((path) => `.dockerignore keeps out ${path}, which the Dockerfile copies.`),
  ]
}

function serviceProblems(name: string, service: Service): string[] {
  const problems = Object.entries(service.depends_on ?? {}).flatMap(([other, { condition }]) => {
    const needed = compose.services[other]
    if (!needed) return [`depends on ${other}, which is no service`]
    return condition === 'service_healthy' && !needed.healthcheck
      ? [`waits for the health of ${other}, which has no check`]
      : []
  })
  for (const volume of service.volumes ?? []) {
    const source = volume.split(':')[0] ?? ''
    if (!(source in compose.volumes)) problems.push(`uses the volume ${source}, which is not declared`)
  }
  if (service.build && !stages.includes(service.build.target)) {
    problems.push(`is built from ${service.build.target}, which is no stage of the Dockerfile`)
  }
  const program = service.command?.find((word) => word.endsWith('.ts'))
  if (program && !existsSync(program)) problems.push(`runs ${program}, which is not there`)
  return problems.map((problem) => `docker-compose.yml: ${name} ${problem}.`)
}

/** The values that the compose file gives when nothing is set outside. */
function preset(value: string): string {
  const inner = /\$\{\w+:?-((?:[^{}]|\{[^{}]*\})*)\}/
  let text = value
  for (let match = inner.exec(text); match; match = inner.exec(text)) text = text.replace(match[0], match[1] ?? '')
  return text
}

function configurationProblems(): string[] {
  // Of all programs, set-up alone is given every login to the database.
  const given = compose.services['set-up']?.environment ?? {}
  const missing = CONFIG_NAMES.filter((name) => !(name in given))
  const unknown = Object.keys(given).filter((name) => !CONFIG_NAMES.includes(name) && name !== 'TENOR_HOME')
  const problems = [
    ...missing.map((name) => `docker-compose.yml does not pass on ${name}.`),
    ...unknown.map((name) => `docker-compose.yml passes on ${name}, which nobody reads.`),
  ]
  try {
    loadConfig(Object.fromEntries(Object.entries(given).map(([name, value]) => [name, preset(value)])))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(`docker-compose.yml out of the box: ${error.message}`)
  }
  return problems
}

const services = Object.entries(compose.services)
const problems = [
  ...dockerfileProblems(),
  ...services.flatMap(([name, service]) => serviceProblems(name, service)),
  ...configurationProblems(),
]
for (const problem of problems) console.error(problem)
if (services.length === 0 || stages.length === 0) throw new Error('There was nothing to look at.')
console.log(`Deployment: looked at ${services.length} services and ${stages.length} image stages.`)
process.exitCode = problems.length > 0 ? 1 : 0
