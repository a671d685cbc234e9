import type { Narrator } from './narrator.ts'
import type { Stage } from './stage.ts'

/** Something to be played: scenes, one after the other, on a clock that stands at `opens`. */
export type Story = {
  title: string
  opens: string
  scenes: Scene[]
  /** Shows how everything stands in the end. Throws when it does not agree. */
  close(stage: Stage, narrator: Narrator): Promise<void>
}

export type Scene = { title: string; play(stage: Stage): Promise<void> }
