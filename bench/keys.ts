import { keyRing } from '../secrets/key-ring.ts'

/** What the bench encrypts with: the shipped worker does, and that is part of what it costs. */
export const BENCH_KEYS_TEXT = `bench:${Buffer.from('the bench encrypts with this one').toString('base64')}`
export const BENCH_KEYS = keyRing(BENCH_KEYS_TEXT)
