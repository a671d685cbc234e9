import cors from '@fastify/cors'
import type { Payload, PayloadCodec } from '@temporalio/common'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi'
import { z } from 'zod'
import { KeyMissing } from '../../secrets/key-ring.ts'
import { NotOpened } from '../../secrets/seal.ts'
import type { ApiDeps } from '../deps.ts'
import { Problem, unprocessable } from '../http/problem.ts'
import { callerOf } from '../identity/caller.ts'

/** A payload may have 2 MB, and a third more in base64. */
const BODY_LIMIT = 8 * 1024 * 1024
const HEADERS = ['content-type', 'authorization', 'x-namespace']

const bytes = z.base64()
const Payloads = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), bytes).optional(), data: bytes.optional() })).max(1_000),
})
type Given = z.output<typeof Payloads>

/**
 * What Temporal holds, in words, for pages of Temporal's UI (its remote codec protocol). Temporal shows the plans of
 * every tenant, so this is for those who run Tenor. Where the UI has no sign-in and `codecOpen` says so, its pages are
 * let in as they are at `/ui_codec`; there is no such route otherwise.
 */
export function codecRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { codecOpen = false, operatorsTenant = 'tenor', temporalUiUrl } = deps.config
  const pages = originsOf(temporalUiUrl)
  serve(app, '/codec', deps, pages, (request) => {
    if (callerOf(request).tenant !== operatorsTenant) throw notYours('Only those who run Tenor may read this.')
  })
  if (!codecOpen) return
  serve(app, '/ui_codec', deps, pages, ({ headers }) => {
    if (!pages.includes(headers.origin ?? '')) throw notYours("Only pages of Temporal's UI may read this.")
  })
}

function serve(
  app: FastifyInstance,
  prefix: string,
  { temporal }: ApiDeps,
  origin: string[],
  refuse: (request: FastifyRequest) => void,
): void {
  const route = { bodyLimit: BODY_LIMIT, schema: { hide: true, body: Payloads } }
  // The very codec that this API speaks to Temporal with.
  const codecs = () => temporal.options.loadedDataConverter.payloadCodecs
  void app.register(
    async (scope) => {
      await scope.register(cors, { origin, methods: ['POST'], allowedHeaders: HEADERS, maxAge: 600 })
      const typed = scope.withTypeProvider<FastifyZodOpenApiTypeProvider>()
      typed.post('/decode', route, async (request) => {
        refuse(request)
        return through(codecs().toReversed(), 'decode', request.body)
      })
      typed.post('/encode', route, async (request) => {
        refuse(request)
        return through(codecs(), 'encode', request.body)
      })
    },
    { prefix },
  )
}

async function through(codecs: PayloadCodec[], way: 'encode' | 'decode', { payloads }: Given) {
  let all: Payload[] = payloads.map(({ metadata = {}, data = '' }) => ({
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, fromBase64(value)])),
    data: fromBase64(data),
  }))
  try {
    for (const codec of codecs) all = await codec[way](all)
  } catch (error) {
    // Which key a payload names is the caller's word: elsewhere a key that is missing is ours.
    if (error instanceof NotOpened || error instanceof KeyMissing)
      throw unprocessable('payload_not_opened', error.message, '/payloads')
    throw error
  }
  return {
    payloads: all.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, toBase64(value)])),
      data: toBase64(data ?? new Uint8Array()),
    })),
  }
}

const fromBase64 = (text: string) => Buffer.from(text, 'base64')
const toBase64 = (data: Uint8Array) => Buffer.from(data).toString('base64')
const notYours = (detail: string) => new Problem(403, 'forbidden', detail)

/** Where its pages come from; on one machine that has two names. */
function originsOf(url: string): string[] {
  const { origin } = new URL(url)
  const other = { '127.0.0.1': 'localhost', localhost: '127.0.0.1' }[new URL(url).hostname]
  return other ? [origin, origin.replace(new URL(url).hostname, other)] : [origin]
}
