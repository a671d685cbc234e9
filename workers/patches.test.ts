import type { PatchActivationInput } from '@temporalio/worker'
import { patchesSwitchedOn } from './patches.ts'

const asked = (patchId: string) => ({ patchId }) as PatchActivationInput

describe('a change to workflows', () => {
  it('is taken up when it is named, or all are', () => {
    expect(patchesSwitchedOn(['one'], () => {})(asked('one'))).toBe(true)
    expect(patchesSwitchedOn(['all'], () => {})(asked('other'))).toBe(true)
  })

  it('is not taken up otherwise, and that is told once', () => {
    const held: string[] = []
    const isOn = patchesSwitchedOn(['one'], (patch) => held.push(patch))
    expect([isOn(asked('other')), isOn(asked('other')), isOn(asked('third'))]).toEqual([false, false, false])
    expect(held).toEqual(['other', 'third'])
  })
})
