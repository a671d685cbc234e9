import { setDispatcher } from '@jsforce/jsforce-node/lib/request.js'
import { Agent, type Dispatcher } from 'undici'

type Handler = Dispatcher.DispatchHandler

/** Answers bring an id or an error: what is longer than this is none. */
const LONGEST_BYTES = 1024 * 1024

/**
 * Gives jsforce an answer when all of it has arrived. A connection that breaks in the middle of one is an error of the
 * request then; jsforce itself would never answer its caller, and raise an error that nobody can handle and that ends
 * the process. Nothing is left open for longer than `timeoutMs` either. It holds for all connections of jsforce.
 */
export function giveWholeAnswers(timeoutMs: number): void {
  const agent = new Agent({ connect: { allowH2: false }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
  setDispatcher(agent.compose((dispatch) => (options, handler) => dispatch(options, whole(handler))))
}

function whole(handler: Handler): Handler {
  let start: (() => void) | undefined
  let length = 0
  const parts: Buffer[] = []
  return {
    onRequestStart: (...given) => handler.onRequestStart?.(...given),
    onResponseStart(...given) {
      start = () => handler.onResponseStart?.(...given)
    },
    onResponseData(controller, part) {
      length += part.length
      if (length > LONGEST_BYTES) controller.abort(new Error(`The answer is longer than ${LONGEST_BYTES} bytes`))
      else parts.push(part)
    },
    onResponseEnd(controller, trailers) {
      start?.()
      handler.onResponseData?.(controller, Buffer.concat(parts))
      handler.onResponseEnd?.(controller, trailers)
    },
    onResponseError: (...given) => handler.onResponseError?.(...given),
  }
}
