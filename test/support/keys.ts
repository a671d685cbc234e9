import { keyRing } from '../../secrets/key-ring.ts'

/** A ring for tests, as TENOR_KEYS has it: 32 bytes that anybody can read here. */
export const TEST_KEYS_TEXT = `test:${Buffer.from('tests encrypt under this, always').toString('base64')}`
export const TEST_KEYS = keyRing(TEST_KEYS_TEXT)
