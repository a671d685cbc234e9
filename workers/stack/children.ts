import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { PartName, PartSpec } from './part.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A part that is one of Tenor's own programs, run by this very Node. */
export function programPart(
  name: PartName,
  [script, ...args]: [string, ...string[]],
  options: Pick<PartSpec, 'env' | 'logFile' | 'ready' | 'readyTimeoutMs' | 'secondTries'>,
): PartSpec {
  return {
    name,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', script, ...args],
    cwd: ROOT,
    // A worker takes its time to finish the activities that are under way.
    stopGraceMs: 30_000,
    ...options,
  }
}

/** Whether a URL answers with success. */
export async function isHealthy(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
  await response.body?.cancel()
  return response.ok
}

/** Whether something listens at every one of the ports. */
export async function areListening(...ports: number[]): Promise<boolean> {
  return (await Promise.all(ports.map(isListening))).every(Boolean)
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
