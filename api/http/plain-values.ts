import { type FieldError, pointerTo } from './problem.ts'

const DEEPEST = 32

/**
 * What no schema would notice and no store would take or give back as it was: NUL characters and lone surrogates
 * (PostgreSQL refuses both), numbers that JSON can write and nobody here can hold, and nesting deeper than 32. Looks at every string, keys included, of a parsed JSON value; does not recurse, so that
 * no nesting overflows the stack.
 */
export function unstorableParts(value: unknown): FieldError[] {
  const errors: FieldError[] = []
  const waiting: { value: unknown; path: PropertyKey[] }[] = [{ value, path: [] }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value: part, path } = next
    if (typeof part === 'string') {
      const fault = textFault(part)
      if (fault) errors.push({ pointer: pointerTo(path), message: fault })
    } else if (typeof part === 'number' && !isHeldExactly(part)) {
      errors.push({ pointer: pointerTo(path), message: 'is a number too large to be held exactly' })
    } else if (typeof part === 'object' && part !== null) {
      if (path.length >= DEEPEST) {
        errors.push({ pointer: pointerTo(path), message: `is nested deeper than ${DEEPEST} levels` })
        continue
      }
      for (const [key, child] of Object.entries(part)) {
        const fault = textFault(key)
        if (fault) errors.push({ pointer: pointerTo(path), message: `has a field whose name ${fault}` })
        else waiting.push({ value: child, path: [...path, Array.isArray(part) ? Number(key) : key] })
      }
    }
  }
  return errors.reverse()
}

function isHeldExactly(number: number): boolean {
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))
}

function textFault(text: string): string | undefined {
  if (text.includes('\u0000')) return 'contains a NUL character'
  if (!text.isWellFormed()) return 'contains half of a surrogate pair'
  return undefined
}

/** JSON with sorted keys: equal for bodies that mean the same. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
