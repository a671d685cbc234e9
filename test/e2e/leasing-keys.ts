import { withCheckDigit } from '../../domain/leasing/imei.ts'
import type { Tenor } from '../support/e2e-client.ts'

/** `made`: how often the work is found to have been done. */
export type Case = { path: string; body?: unknown; other: unknown; made?: () => Promise<number> }

/** Of the signed-in employee, or read from CSV: tried where those are. */
export const TRIED_ELSEWHERE = ['/cart', '/cart/checkout', '/devices/import', '/clients/{id}/employees/import']

/** What each POST of leasing is tried with, and another body. */
export function leasingCases(tenor: Tenor): Record<string, () => Promise<Case>> {
  let made = 0
  const next = () => `${process.pid}-${Date.now()}-${++made}`
  const post = <T>(path: string, body?: object) => tenor.must<T>('POST', path, { body })
  const imei = () => withCheckDigit(String(Math.floor(Math.random() * 1e14)).padStart(14, '0'))
  const phone = () => ({
    code: `phone-${next()}`,
    name: 'Phone',
    manufacturer: 'Maker',
    price: 100_000,
    currency: 'USD',
  })
  const company = () => ({ name: 'Globex', email: 'hr@globex.example', domains: [`globex-${next()}.example`] })

  async function model(units: number): Promise<string> {
    const { code } = await post<{ code: string }>('/device_models', phone())
    for (let k = 0; k < units; k += 1) await post('/devices', { imei: imei(), model_code: code })
    return code
  }

  async function wanted() {
    const { client_id: client } = await post<{ client_id: string }>('/clients', company())
    const person = { name: 'Ada Byron', email: `ada-${next()}@globex.example` }
    const { employee_id } = await post<{ employee_id: string }>(`/clients/${client}/employees`, person)
    return { employee_id, device_code: await model(2), term_months: 12, payer: 'payroll' }
  }

  async function onLease(step: string, { body, other, before = [] }: Tried): Promise<Case> {
    const { lease_id: id } = await post<{ lease_id: string }>('/leases', await wanted())
    for (const [earlier, given] of before) await post(`/leases/${id}/${earlier}`, given)
    return { path: `/leases/${id}/${step}`, body, other }
  }
  type Tried = { body?: object; other: object; before?: [string, object?][] }
  const delivered: [string, object?][] = [['delivered']]

  return {
    '/device_models': async () => {
      const body = phone()
      return { path: '/device_models', body, other: { ...body, price: 100_001 } }
    },
    '/devices': async () => {
      const body = { imei: imei(), model_code: await model(0) }
      return { path: '/devices', body, other: { ...body, imei: imei() } }
    },
    '/devices/{id}/check_in': async () => {
      const { device_id: id } = await post<{ device_id: string }>('/devices', {
        imei: imei(),
        model_code: await model(0),
      })
      await tenor.must('PATCH', `/devices/${id}`, { body: { status: 'maintenance' } })
      return { path: `/devices/${id}/check_in`, other: {} }
    },
    '/clients': async () => ({ path: '/clients', body: company(), other: company() }),
    '/clients/{id}/employees': async () => {
      const { client_id: id } = await post<{ client_id: string }>('/clients', company())
      const body = { name: 'Ada Byron', email: `ada-${next()}@globex.example` }
      return { path: `/clients/${id}/employees`, body, other: { ...body, name: 'Ada King' } }
    },
    '/employees/{id}/offboard': async () => {
      const { employee_id: id } = await wanted()
      return { path: `/employees/${id}/offboard`, body: {}, other: { payment_method: 'pm_card_visa' } }
    },
    '/leases/quote': async () => {
      const body = await wanted()
      return { path: '/leases/quote', body, other: { ...body, term_months: 24 } }
    },
    '/leases': async () => {
      const body = await wanted()
      const count = async () => (await tenor.all(`/leases?employee_id=${body.employee_id}`)).length
      return { path: '/leases', body, other: { ...body, term_months: 24 }, made: count }
    },
    '/leases/{id}/dispatched': () => onLease('dispatched', { body: { tracking: 'T-1' }, other: { tracking: 'T-2' } }),
    '/leases/{id}/delivered': () => onLease('delivered', { other: {} }),
    '/leases/{id}/out_of_stock': () => onLease('out_of_stock', { other: {} }),
    '/leases/{id}/end_choice': () =>
      onLease('end_choice', { body: { choice: 'buy_out' }, other: { choice: 'return' }, before: delivered }),
    '/leases/{id}/exchange': async () => {
      const body = { device_code: await model(1) }
      return onLease('exchange', { body, other: { ...body, reason: 'broken' }, before: delivered })
    },
    '/leases/{id}/lost': () => onLease('lost', { body: { how: 'lost' }, other: { how: 'stolen' }, before: delivered }),
    '/leases/{id}/buy_out': () => onLease('buy_out', { other: {}, before: delivered }),
    '/leases/{id}/payments': () => {
      const body = { amount: 100, payment_method: 'pm_card_visa' }
      return onLease('payments', { body, other: { ...body, amount: 101 }, before: delivered })
    },
    '/leases/{id}/pause': () =>
      onLease('pause', { body: { mode: 'extend' }, other: { mode: 'catch_up' }, before: delivered }),
    '/leases/{id}/resume': () =>
      onLease('resume', { other: {}, before: [...delivered, ['pause', { mode: 'extend' }]] }),
  }
}
