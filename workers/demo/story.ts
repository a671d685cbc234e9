import type { Stage } from './stage.ts'

/** Something to be played: scenes, one after the other, on a clock that stands at `opens`. */
export type Story = {
  title: string
  opens: string
  scenes: Scene[]
}

export type Scene = { title: string; play(stage: Stage): Promise<void> }
