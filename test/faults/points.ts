import { subscribe } from 'node:diagnostics_channel'
import * as fs from 'node:fs'
import http from 'node:http'
import { createRequire, flushCompileCache, syncBuiltinESMExports } from 'node:module'
import { basename, join } from 'node:path'
import nodemailer from 'nodemailer'
import { TenantClient } from '../../db/tenancy/client.ts'

/**
 * Loaded into Tenor's processes by `--import`, where TENOR_FAULT_POINTS names a folder: the moments before and after
 * every side effect become points at which the process can be killed. What runs knows nothing of it: it hooks the
 * libraries through which everything leaves the process.
 *
 * `<folder>/<process>.armed` holds `{ "at", "nth" }`: at the nth time at that point the process is gone, as by SIGKILL
 * from outside. `<folder>/<process>.seen` gets every point that is passed, while `<folder>/record` is there.
 */

const folder = process.env.TENOR_FAULT_POINTS
const script = basename(process.argv[1] ?? '')
const part = { 'worker.ts': 'worker', 'api.ts': 'api' }[script]

type Armed = { at: string; nth: number }
let passed = { text: '', times: 0 }

function point(name: string): void {
  const at = (suffix: string) => join(folder ?? '', `${part}.${suffix}`)
  if (fs.existsSync(join(folder ?? '', 'record'))) fs.appendFileSync(at('seen'), `${name}\n`)
  const text = readOrNothing(at('armed'))
  if (text === '') return
  if (passed.text !== text) passed = { text, times: 0 }
  const armed = JSON.parse(text) as Armed
  if (armed.at !== name) return
  passed.times += 1
  if (passed.times < armed.nth) return
  fs.renameSync(at('armed'), at('hit'))
  process.kill(process.pid, 'SIGKILL')
  // Nothing more of this process may happen until the signal has arrived.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function readOrNothing(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** `before`, the work, `after`: of a promise, when it is fulfilled, and of a query that calls back, when it does. */
function around<T>(name: string, work: () => T, calls?: Calls): T {
  point(`before ${name}`)
  const { callback } = calls ?? {}
  if (calls && callback) {
    calls.callback = (error, ...answer) => {
      if (!error) point(`after ${name}`)
      return callback(error, ...answer)
    }
  }
  const result = work()
  if (!(result instanceof Promise)) return result
  return result.then((value: unknown) => {
    point(`after ${name}`)
    return value
  }) as T
}

type Calls = { callback?: (error: Error | null, ...answer: unknown[]) => unknown }

/** pg's own query objects, which are given instead of a text. */
function callsBack(given: unknown): Calls | undefined {
  const { submit, callback } = (given ?? {}) as { submit?: unknown; callback?: unknown }
  return typeof submit === 'function' && typeof callback === 'function' ? (given as Calls) : undefined
}

// biome-ignore lint/suspicious/noExplicitAny: a library's method, whatever its signature.
type Method = (this: any, ...args: any[]) => any

/** Puts a method around one of a library's. `name` is what its call is called, or null for one that changes nothing. */
function wrap(owner: object, method: string, name: (self: object, args: unknown[]) => string | null): void {
  const methods = owner as Record<string, Method>
  const original = methods[method] as Method
  methods[method] = function (...args) {
    const called = name(this, args)
    if (called === null) return original.apply(this, args)
    return around(called, () => original.apply(this, args), callsBack(args[0]))
  }
}

/** Where statements are said, not where they are sent: there, what begins a transaction is a part of its first statement. */
function hookDatabase(): void {
  const open = new WeakMap<object, Set<string>>()
  wrap(TenantClient.prototype, 'query', (client, [asked]) => {
    const text = (typeof asked === 'string' ? asked : ((asked as { text?: string } | null)?.text ?? '')).trimStart()
    const written = open.get(client)
    if (/^(begin|start transaction)/i.test(text)) open.set(client, new Set())
    if (/^rollback$/i.test(text)) open.delete(client)
    const [, verb, table] = /^(?:with .*)?(insert|update|delete)\s+(?:into\s+|from\s+)?"?(\w+)/is.exec(text) ?? []
    if (verb && written) written.add(table ?? '')
    if (/^commit$/i.test(text) && written) {
      open.delete(client)
      return written.size === 0 ? null : `commit of ${[...written].sort().join(', ')}`
    }
    return verb && !written ? `${verb.toLowerCase()} of ${table}` : null
  })
}

function hookStripe(): void {
  const original = http.request
  http.request = ((...args: Parameters<typeof http.request>) => {
    const [options] = args as unknown as [{ method?: string; path?: string }]
    const { method = 'GET', path = '' } = options ?? {}
    if (method === 'GET' || !path.startsWith('/v1/')) return original(...args)
    const name = `stripe ${method} ${path.split('?')[0]?.replace(/\b(pi|re|cus|pm)_\w+/g, ':id')}`
    point(`before ${name}`)
    const request = original(...args)
    request.prependOnceListener('response', () => point(`after ${name}`))
    return request
  }) as typeof http.request
  syncBuiltinESMExports()
}

function hookSalesforce(): void {
  const nameOf = ({ method, path }: { method: string; path: string }) =>
    method === 'GET' || !path.startsWith('/services/data') ? null : `salesforce ${method}`
  for (const [channel, when] of [
    ['undici:request:create', 'before'],
    ['undici:request:headers', 'after'],
  ] as const) {
    subscribe(channel, (message) => {
      const name = nameOf((message as { request: { method: string; path: string } }).request)
      if (name !== null) point(`${when} ${name}`)
    })
  }
}

function hookMail(): void {
  const transport = nodemailer.createTransport({ jsonTransport: true })
  wrap(Object.getPrototypeOf(transport), 'sendMail', () => 'letter')
}

const TASK = '8s'

function hookTemporal(): void {
  const load = createRequire(import.meta.url)
  const { WorkflowClient } = load('@temporalio/client')
  wrap(WorkflowClient.prototype, 'executeUpdateWithStart', (_, args) => {
    const [, asked] = args as [unknown, { startWorkflowOperation: { options: object } }]
    Object.assign(asked.startWorkflowOperation.options, { workflowTaskTimeout: TASK })
    return 'start of a workflow'
  })
  wrap(WorkflowClient.prototype, 'start', (_, [, options]) => {
    Object.assign(options as object, { workflowTaskTimeout: TASK })
    return 'start of a clock'
  })
  if (part !== 'worker') return
  const { Activity } = load('@temporalio/worker/lib/activity')
  const type = (self: object) => `activity ${(self as { info: { activityType: string } }).info.activityType}`
  wrap(Activity.prototype, 'execute', type)
  hastenBundle(load('@temporalio/worker/lib/workflow/bundler').WorkflowCodeBundler)
  hurry(load('@temporalio/worker').Worker)
}

/**
 * What a killed worker had begun is begun anew soon: hundreds of kills would else take hours. Not much sooner than it is
 * without this: on a busy machine a worker that has just been started needs seconds for each of its first tasks, and one
 * that is given up for dead every time would never get on.
 */
const HASTE = [
  [/heartbeatTimeout: ?['"]15 seconds['"]/g, "heartbeatTimeout: '8 seconds'"],
  // As many as a workflow task of 10 seconds may ask within itself, it may also with 8.
  [/scheduleToCloseTimeout: ?['"]2 seconds['"]/g, "scheduleToCloseTimeout: '1500 milliseconds'"],
] as const

function hastened(bundle: { code: string }): { code: string } {
  let { code } = bundle
  for (const [pattern, hasty] of HASTE) {
    const before = code
    code = code.replaceAll(pattern, hasty)
    if (code === before) throw new Error(`The workflows have nothing like ${pattern} to shorten`)
  }
  return { ...bundle, code }
}

/** For the same reason: what was meant for a killed worker goes to the next one soon. */
function hurry(worker: { create: (options: object) => Promise<unknown> }): void {
  const create = worker.create
  worker.create = (options) => create.call(worker, { ...options, stickyQueueScheduleToStartTimeout: '1s' })
}

/** What it makes is kept in the stack's own cache folder, so that no other worker is as hasty. */
function hastenBundle(bundler: { prototype: { createBundle: () => Promise<object> } }): void {
  const original = bundler.prototype.createBundle
  bundler.prototype.createBundle = async function () {
    return hastened((await original.apply(this)) as { code: string })
  }
}

if (folder && part) {
  // A process that is killed keeps nothing of what it has compiled, and hundreds are.
  setTimeout(flushCompileCache, 4_000).unref()
  hookDatabase()
  hookStripe()
  hookSalesforce()
  hookMail()
  hookTemporal()
}
