import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common'
import proto from '@temporalio/proto'
import type { KeyRing } from './key-ring.ts'
import { close, NotOpened, open } from './seal.ts'

const Whole = proto.temporal.api.common.v1.Payload
/** As other SDKs' encrypting codecs call it. */
const ENCODING = Buffer.from('binary/encrypted')
const KEY_ID = 'encryption-key-id'
const VERSION = 'encryption-version'
const V1 = Buffer.from('1')
/** Not bound to a workflow: whoever looks at a history through the codec endpoint does not say whose it is. */
const PLACE = 'temporal payload'

/**
 * Closes every payload with the ring's active key before it leaves for Temporal, whole with its metadata, and opens it
 * by the key that its metadata names. A payload that is not encrypted is from before there were keys, and stays as it
 * is.
 */
export function payloadCodec(ring: KeyRing): PayloadCodec {
  const id = Buffer.from(ring.active)
  return {
    encode: async (payloads) =>
      payloads.map((payload) => ({
        metadata: { [METADATA_ENCODING_KEY]: ENCODING, [KEY_ID]: id, [VERSION]: V1 },
        data: close(ring.key('payload', ring.active), PLACE, Whole.encode(payload).finish()),
      })),
    decode: async (payloads) =>
      payloads.map((payload) => (keyIdIn(payload) === null ? payload : decoded(ring, payload))),
  }
}

/** The key that a payload is encrypted with; null when it is not. */
export function keyIdIn({ metadata }: Payload): string | null {
  const encoding = metadata?.[METADATA_ENCODING_KEY]
  if (!encoding || !ENCODING.equals(encoding)) return null
  return Buffer.from(metadata?.[KEY_ID] ?? []).toString()
}

function decoded(ring: KeyRing, { metadata, data }: Payload): Payload {
  if (!V1.equals(metadata?.[VERSION] ?? Buffer.alloc(0)))
    throw new NotOpened('A payload is encrypted in an unknown way.')
  const id = Buffer.from(metadata?.[KEY_ID] ?? []).toString()
  return Whole.decode(open(ring.key('payload', id), PLACE, data ?? Buffer.alloc(0)))
}
