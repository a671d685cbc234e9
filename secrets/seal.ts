import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** AES-256-GCM: 96 random bits a message, and a tag of 128 that belongs to the message and to what it is bound to. */

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * What was closed does not open: another key, another place than the one it was closed for, or a byte that was changed.
 * Says where, never what.
 */
export class NotOpened extends Error {
  override name = 'NotOpened'
}

/** Nonce, tag and ciphertext. `place` is what the message is bound to: it opens nowhere else. */
export function close(key: Buffer, place: string, message: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(place))
  const closed = Buffer.concat([cipher.update(message), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), closed])
}

/** @throws NotOpened */
export function open(key: Buffer, place: string, closed: Uint8Array): Buffer {
  if (closed.length < NONCE_BYTES + TAG_BYTES) throw new NotOpened(`A value of ${place} is too short to be one.`)
  try {
    const decipher = createDecipheriv(CIPHER, key, closed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(place))
    decipher.setAuthTag(closed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    return Buffer.concat([decipher.update(closed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()])
  } catch (error) {
    throw new NotOpened(`A value of ${place} does not open: another key, another place, or it was changed.`, {
      cause: error,
    })
  }
}
