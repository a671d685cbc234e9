import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { temporalBinary } from './temporal-binary.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenor-binary-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function program(path: string): string {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o755)
  return file
}

const find = (env: NodeJS.ProcessEnv) =>
  temporalBinary(() => {
    throw new Error('it began to download or build')
  }, env)

describe('the Temporal server', () => {
  it('is the one on PATH before the one in the cache', async () => {
    const [onPath] = [program('bin/temporal'), program('cache/tenor/temporal-1.5.1/temporal')]
    const env = { PATH: `${join(folder, 'nothing')}:${join(folder, 'bin')}`, XDG_CACHE_HOME: join(folder, 'cache') }
    expect(await find(env)).toBe(onPath)
  })

  it("is the one in the user's cache, so that every clone shares it", async () => {
    const cached = program('.cache/tenor/temporal-1.5.1/temporal')
    expect(await find({ PATH: '', HOME: folder })).toBe(cached)
  })

  it('is not a file that cannot be run, nor a folder', async () => {
    const cached = program('cache/tenor/temporal-1.5.1/temporal')
    chmodSync(program('bin/temporal'), 0o644)
    mkdirSync(join(folder, 'folder/temporal'), { recursive: true })
    const env = { PATH: `${join(folder, 'bin')}:${join(folder, 'folder')}`, XDG_CACHE_HOME: join(folder, 'cache') }
    expect(await find(env)).toBe(cached)
  })
})
