/**
 * Freezes a value to its depth, so that whoever changes it afterwards fails, and refuses what is not plain JSON: what a
 * workflow carries must come back from JSON as it was. Parts that are frozen already were looked at before.
 */
export function frozen<T>(value: T): T {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || Object.is(value, -0)) throw new TypeError(`${value} is not plain JSON`)
    return value
  }
  if (typeof value !== 'object') throw new TypeError(`A ${typeof value} is not plain JSON`)
  if (Object.isFrozen(value)) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) throw new TypeError('Not plain JSON')
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}
