import type { PatchActivationInput } from '@temporalio/worker'

/**
 * Which change behind `patched()` a run takes up that meets it for the first time: one that is switched on by name, or by
 * `all`. The others leave no marker, so that workers without their code can go on with the run. `onHeld` hears of each
 * that is not switched on, once.
 */
export function patchesSwitchedOn(on: readonly string[], onHeld: (patch: string) => void) {
  const held = new Set<string>()
  return ({ patchId }: PatchActivationInput): boolean => {
    if (on.includes(patchId) || on.includes('all')) return true
    if (!held.has(patchId)) onHeld(patchId)
    held.add(patchId)
    return false
  }
}
