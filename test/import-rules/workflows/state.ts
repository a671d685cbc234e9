export let mutableCount = 0
export var mutableName: string | undefined
export const mutableMap = new Map<string, number>()
export const mutableSet: Set<string> = new Set(['a'])
export const mutableWeak = new WeakMap()
export const mutableList: string[] = []
export const mutableNumbers = [1, 2]
export const mutableCast = [] as string[]
export const mutableCache: Record<string, number> = {}
const [mutableInner] = [new Array(3)]

export const fixedSet: ReadonlySet<string> = new Set(['a'])
export const fixedMap: ReadonlyMap<string, number> = new Map()
export const fixedList: readonly string[] = ['a']
export const fixedConst = ['a'] as const
export const fixedSatisfied = ['a'] as const satisfies string[]
export const fixedTable = { a: 1 }
export const fixedNumber = 1
export function fixedLocal() {
  let count = 0
  const list: number[] = []
  count += 1
  mutableCount += count
  mutableName = 'x'
  return [count, list, mutableInner]
}
