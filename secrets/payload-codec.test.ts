import { randomBytes } from 'node:crypto'
import { defaultPayloadConverter, type Payload } from '@temporalio/common'
import fc from 'fast-check'
import { KeyMissing, keyRing } from './key-ring.ts'
import { keyIdIn, payloadCodec } from './payload-codec.ts'
import { payloadsIn } from './payloads-in.ts'
import { close, NotOpened } from './seal.ts'

const K1 = `k1:${randomBytes(32).toString('base64')}`
const K2 = `k2:${randomBytes(32).toString('base64')}`
const codec = payloadCodec(keyRing(K1))
const both = payloadCodec(keyRing(`${K2},${K1}`))
const AMARA = { name: 'Amara Okafor', amount: 10_000 }
const plain = (value: unknown) => defaultPayloadConverter.toPayload(value)
const encoded = async () => (await codec.encode([plain(AMARA)]))[0] as Payload
const bytes = fc.uint8Array({ maxLength: 200 })
const plainly = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, [...value]])),
  data: [...(data ?? [])],
})
const read = ([payload]: Payload[]) => defaultPayloadConverter.fromPayload(payload as Payload)

describe('the payload codec', () => {
  it('gives back every payload as it was, metadata included', async () => {
    const values = [AMARA, null, undefined, 'words', 4, [], new Uint8Array([0, 255])]
    const payloads = values.map((value) => plain(value))
    const back = await codec.decode(await codec.encode(payloads))
    expect(back.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(values)
    expect(await codec.encode([])).toEqual([])
  })

  it('shows its key and nothing else', async () => {
    const payload = await encoded()
    expect(keyIdIn(payload)).toBe('k1')
    expect(Object.keys(payload.metadata ?? {}).toSorted()).toEqual([
      'encoding',
      'encryption-key-id',
      'encryption-version',
    ])
    expect(Buffer.from(payload.data ?? []).toString('latin1')).not.toMatch(/Amara|json|amount/)
  })

  it('leaves alone what was never encrypted', async () => {
    expect(read(await codec.decode([plain(AMARA)]))).toEqual(AMARA)
    expect(keyIdIn(plain(AMARA))).toBeNull()
  })

  it('opens what older keys have closed, and names the one that is missing', async () => {
    const old = await encoded()
    expect(read(await both.decode([old]))).toEqual(AMARA)
    expect(keyIdIn((await both.encode([plain(AMARA)]))[0] as Payload)).toBe('k2')
    await expect(payloadCodec(keyRing(K2)).decode([old])).rejects.toThrow(KeyMissing)
    const stranger = payloadCodec(keyRing(`k1:${randomBytes(32).toString('base64')}`))
    await expect(stranger.decode([old])).rejects.toThrow(NotOpened)
  })

  it('does not open what was changed', async () => {
    const payload = await encoded()
    const data = Buffer.from(payload.data ?? [])
    for (let at = 0; at < data.length; at++) {
      const changed = Buffer.from(data)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      await expect(codec.decode([{ ...payload, data: changed }])).rejects.toThrow(NotOpened)
    }
    await expect(codec.decode([{ metadata: payload.metadata ?? {} }])).rejects.toThrow(NotOpened)
    const later = { ...payload.metadata, 'encryption-version': Buffer.from('2') }
    await expect(codec.decode([{ ...payload, metadata: later }])).rejects.toThrow('in an unknown way')
  })

  it('refuses whatever else it is given, and nothing worse happens', async () => {
    const named = (name: string, usual: string) =>
      fc.record({ [name]: fc.oneof(fc.constant(Buffer.from(usual)), bytes) }, { requiredKeys: [] })
    const metadata = fc
      .tuple(named('encryption-key-id', 'k1'), named('encryption-version', '1'))
      .map((parts) => Object.assign({ encoding: Buffer.from('binary/encrypted') }, ...parts) as Payload['metadata'])
    await fc.assert(
      fc.asyncProperty(metadata, bytes, async (given, data) => {
        const failure = await codec.decode([{ metadata: given ?? {}, data }]).catch((error: unknown) => error)
        expect(failure instanceof NotOpened || failure instanceof KeyMissing).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('closes any payload whatever, opens it as it was, and leaves it alone when it was never closed', async () => {
    const metadata = fc.dictionary(
      fc.oneof(fc.constantFrom('encoding', 'encryption-key-id'), fc.string({ unit: 'grapheme' })),
      bytes,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ metadata, data: bytes }), { maxLength: 4 }), async (payloads) => {
        const closed = await codec.encode(payloads)
        expect(closed.map(keyIdIn)).toEqual(payloads.map(() => 'k1'))
        expect((await both.decode(closed)).map(plainly)).toEqual(payloads.map(plainly))
        expect(await codec.decode(payloads)).toEqual(payloads)
      }),
      { numRuns: 300 },
    )
  })

  it('does not open what the same key has closed for another use or for another place', async () => {
    const ring = keyRing(K1)
    const data = Buffer.from(JSON.stringify(AMARA))
    const payload = await encoded()
    const places = fc.string().filter((place) => place !== 'temporal payload')
    const elsewhere = fc.oneof(
      fc
        .constantFrom('field' as const, 'index' as const)
        .map((use) => close(ring.key(use, 'k1'), 'temporal payload', data)),
      places.map((place) => close(ring.key('payload', 'k1'), place, data)),
    )
    await fc.assert(
      fc.asyncProperty(elsewhere, async (closed) => {
        await expect(codec.decode([{ ...payload, data: closed }])).rejects.toThrow(NotOpened)
      }),
      { numRuns: 100 },
    )
  })
})

it('every payload is found in a message, however deep', () => {
  const [one, two, three] = [plain(1), plain(2), plain(3)]
  const history = {
    events: [
      { at: null, input: { payloads: [one] } },
      { failure: { encoded: two }, memo: { x: three } },
    ],
  }
  expect([...payloadsIn(history)]).toEqual([one, two, three])
  expect([...payloadsIn([null, undefined, 'x', 1, new Uint8Array(9)])]).toEqual([])
})
