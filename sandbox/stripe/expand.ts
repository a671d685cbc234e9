import type { Records } from './records.ts'

/** A copy of the object in which the ids at the given paths (`latest_charge`, `data.customer`) are whole objects. */
export function expandObject(records: Records, object: object, paths: string[]): object {
  const copy = structuredClone(object) as Record<string, unknown>
  for (const path of paths) expandAt(records, copy, path.split('.'))
  return copy
}

function expandAt(records: Records, at: Record<string, unknown>, [name, ...rest]: string[]): void {
  if (name === undefined) return
  const value = at[name]
  if (typeof value === 'string') at[name] = records.find(value) ?? value
  const inner = at[name]
  for (const next of Array.isArray(inner) ? inner : [inner]) {
    if (next !== null && typeof next === 'object') expandAt(records, next as Record<string, unknown>, rest)
  }
}
