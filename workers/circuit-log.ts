import type { BaseLogger } from 'pino'
import type { CircuitChange } from '../gateways/circuit.ts'

/** Logs that the payment gateway is left alone, or that it is back. */
export function logCircuit(logger: Pick<BaseLogger, 'info' | 'warn'>, { isOpen, ...facts }: CircuitChange): void {
  if (isOpen) logger.warn(facts, 'The payment gateway keeps failing: it is asked only now and then whether it is back')
  else logger.info(facts, 'The payment gateway answers again')
}
