import type { Payload } from '@temporalio/common'

/** Every payload in a message of Temporal's, wherever it is: in arguments, answers, markers, failures, summaries, memos. */
export function* payloadsIn(message: unknown): Generator<Payload> {
  if (typeof message !== 'object' || message === null || ArrayBuffer.isView(message)) return
  if (isPayload(message)) {
    yield message
    return
  }
  for (const part of Object.values(message)) yield* payloadsIn(part)
}

function isPayload(message: object): message is Payload {
  const { metadata } = message as Payload
  return typeof metadata === 'object' && metadata !== null && 'encoding' in metadata
}
