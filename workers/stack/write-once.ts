import * as fs from 'node:fs'
import { dirname } from 'node:path'

/**
 * Writes a file that only its owner may read, unless it is there; answers whether it did. Linked into place, so that of
 * two that start together both find the same content, and whole.
 */
export function writeOnce(file: string, content: string): boolean {
  if (fs.existsSync(file)) return false
  fs.mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  fs.writeFileSync(draft, content, { mode: 0o600 })
  try {
    fs.linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    fs.rmSync(draft)
  }
}
