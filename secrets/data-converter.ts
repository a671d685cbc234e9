import { fileURLToPath } from 'node:url'
import type { DataConverter } from '@temporalio/common'
import type { KeyRing } from './key-ring.ts'
import { payloadCodec } from './payload-codec.ts'

/** For the bundle of workflows that is made apart from its worker. */
export const FAILURE_CONVERTER = fileURLToPath(new URL('./failure-converter.cjs', import.meta.url))

/** What every client, worker and replay is given: with it, Temporal holds nothing that can be read without the ring. */
export function encrypting(ring: KeyRing): DataConverter {
  return { payloadCodecs: [payloadCodec(ring)], failureConverterPath: FAILURE_CONVERTER }
}
