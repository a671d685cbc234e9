import { type Argon2Parameters, argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(argon2)

/** What OWASP asks for at least: 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 }
const SALT_BYTES = 16
const HASH_BYTES = 32
const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/

/** A password as it is kept: argon2id in the PHC string format, with its own cost and salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await argon2id(password, { ...COST, nonce: salt, tagLength: HASH_BYTES })
  const { memory, passes, parallelism } = COST
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`
}

/** Nobody's password: what is compared with when there is no such user, so that it takes as long. */
const NOBODY = await hashPassword(randomBytes(32).toString('hex'))

/** Whether it is the password that was hashed; `null` stands for a user who is not there, and takes as long. */
export async function isPassword(password: string, kept: string | null): Promise<boolean> {
  const [, memory, passes, parallelism, salt = '', hash = ''] = PHC.exec(kept ?? NOBODY) ?? []
  if (memory === undefined) throw new Error('A kept password has a form that is not known here.')
  const expected = Buffer.from(hash, 'base64')
  const found = await argon2id(password, {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(salt, 'base64'),
    tagLength: expected.length,
  })
  return timingSafeEqual(found, expected) && kept !== null
}

/** Unicode has several spellings of one text: whatever keyboard it was typed on, it is the same password. */
async function argon2id(password: string, parameters: Omit<Argon2Parameters, 'message'>): Promise<Buffer> {
  return derive('argon2id', { ...parameters, message: password.normalize('NFKC') })
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

/** A secret for a program: 256 random bits, with a beginning that scanners of leaked secrets can look for. */
export function newSecret(): string {
  return `tenor_secret_${randomBytes(32).toString('base64url')}`
}

/** A secret as it is kept. What is random and this long need not be hashed slowly: there is nothing to guess. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Whether it is one of those that were hashed; compared with every one, in the same time whatever it is. */
export function isSecret(secret: string, hashes: string[]): boolean {
  const found = Buffer.from(hashSecret(secret), 'hex')
  const matches = hashes.map((hash) => timingSafeEqual(found, Buffer.from(hash, 'hex')))
  return matches.includes(true)
}
