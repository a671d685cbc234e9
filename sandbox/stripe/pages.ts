import type { FastifyInstance } from 'fastify'
import type Stripe from 'stripe'
import { at, facts, type Html, html, page } from '../page.ts'
import type { Confirmations } from './confirm.ts'
import { type PaymentListing, paymentListing, paymentsListing } from './payments.ts'
import type { Sandbox } from './sandbox.ts'
import { authenticated } from './settle.ts'

type ById = { Params: { id: string } }

const SHOWN = 200

/** What a person sees: the payments, each of them, and the page where a customer authenticates one. */
export function pageRoutes(app: FastifyInstance, sandbox: Sandbox): void {
  app.get<{ Querystring: { customer_id?: string } }>('/', async (request, reply) =>
    reply.type('text/html').send(paymentsPage(sandbox, request.query.customer_id)),
  )
  app.get<ById>('/payments/:id', async (request, reply) => {
    const payment = paymentListing(sandbox, request.params.id)
    return reply
      .code(payment ? 200 : 404)
      .type('text/html')
      .send(paymentPage(payment))
  })
  app.get<ById>('/_sandbox/authenticate/:id', async (request, reply) => {
    const intent = sandbox.records.get<Stripe.PaymentIntent>('payment_intent', request.params.id)
    return reply
      .code(intent ? 200 : 404)
      .type('text/html')
      .send(authenticationPage(intent))
  })
  app.post<ById>('/_sandbox/authenticate/:id', async (request, reply) => {
    const answer = new URLSearchParams(String(request.body)).get('answer')
    const intent = sandbox.records.get<Stripe.PaymentIntent>('payment_intent', request.params.id)
    if (intent?.status !== 'requires_action' || (answer !== 'authenticate' && answer !== 'refuse')) {
      return reply.code(400).type('text/html').send(authenticationPage(intent))
    }
    sandbox.change(() => authenticated(sandbox, intent, answer === 'authenticate'))
    const back = sandbox.records.hidden<Confirmations>(intent.id)?.returnUrl
    if (!back) return reply.type('text/html').send(authenticationPage(intent))
    const url = new URL(back)
    url.searchParams.set('payment_intent', intent.id)
    url.searchParams.set('payment_intent_client_secret', intent.client_secret ?? '')
    url.searchParams.set('redirect_status', intent.status === 'succeeded' ? 'succeeded' : 'failed')
    return reply.redirect(url.href, 303)
  })
}

/** 1234, 'usd' as "12.34 USD". */
function inWords(amount: number, currency: string): string {
  const code = currency.toUpperCase()
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: code,
  }).resolvedOptions()
  const digits = ['ISK', 'UGX'].includes(code) ? 2 : maximumFractionDigits
  return `${(amount / 10 ** digits).toFixed(digits)} ${code}`
}

function authenticationPage(intent: Stripe.PaymentIntent | undefined): string {
  if (!intent) return page('No such payment', html`<p>This payment does not exist.</p>`)
  const amount = inWords(intent.amount, intent.currency)
  if (intent.status !== 'requires_action') {
    return page(
      'Nothing to authenticate',
      html`<p>The payment of ${amount} is ${intent.status.replaceAll('_', ' ')}.</p>`,
    )
  }
  return page(
    'Authenticate a payment',
    html`<p>Your bank asks whether this payment is yours: <b>${amount}</b> <small>${intent.id}</small></p>
<form method="post"><button name="answer" value="authenticate">Authenticate</button><button name="answer" value="refuse">Refuse</button></form>`,
  )
}

function stateInWords({ status, decline_code, disputed }: PaymentListing): string {
  return `${status.replaceAll('_', ' ')}${decline_code ? ` (${decline_code})` : ''}${disputed ? ', taken back' : ''}`
}

/** All payments, or those of one customer, by whatever name it is known. */
function paymentsPage(sandbox: Sandbox, customer?: string): string {
  const rows = paymentsListing(sandbox, customer)
    .reverse()
    .slice(0, SHOWN)
    .map(
      (one): Html => html`<tr><td>${at(new Date(one.created * 1000))}</td>
<td class="whole">${inWords(one.amount, one.currency)}</td><td>${stateInWords(one)}</td>
<td class="whole">${one.amount_refunded ? inWords(one.amount_refunded, one.currency) : ''}</td><td>${one.description ?? ''}</td>
<td>${one.customer_id && html`<a href="/?customer_id=${one.customer_id}">${one.customer_id}</a>`}</td>
<td><a href="/payments/${one.payment}"><small>${one.payment}</small></a></td></tr>`,
    )
  const head = html`<tr><th>Time (UTC)</th><th>Amount</th><th>State</th><th>Refunded</th><th>For</th><th>Customer</th><th>Payment</th></tr>`
  const body = rows.length > 0 ? html`<table>${head}${rows}</table>` : html`<p class="muted">No payments yet.</p>`
  const all = customer === undefined ? '' : html`<p><a href="/">All payments</a></p>`
  const title = customer === undefined ? 'Payments at the Stripe sandbox' : `Payments of ${customer}`
  return page(title, html`${all}${body}`, 5)
}

function paymentPage(one: PaymentListing | undefined): string {
  if (!one) return page('No such payment', html`<p><a href="/">All payments</a></p>`)
  const money = (amount: number) => inWords(amount, one.currency)
  const back = [
    ...one.refunds.map(({ id, amount, status, created }) => ({ what: `refund, ${status}`, id, amount, created })),
    ...one.disputes.map(({ id, amount, reason, status, created }) => ({
      what: `taken back by the bank (${reason.replaceAll('_', ' ')}), ${status.replaceAll('_', ' ')}`,
      id,
      amount,
      created,
    })),
  ]
  const known = facts([
    ['State', stateInWords(one)],
    ['For', one.description],
    ['Customer', one.customer_id && html`<a href="/?customer_id=${one.customer_id}">${one.customer_id}</a>`],
    ['Made (UTC)', at(new Date(one.created * 1000))],
    ['Charged', `${money(one.amount_charged)}, ${one.charges_made === 1 ? 'once' : `${one.charges_made} times`}`],
    ['Still held', money(one.net)],
    ...Object.entries(one.metadata),
  ])
  const asked = one.idempotency_keys.map(
    ({ key, path, times }) =>
      html`<tr><td>${path}</td><td>${key}</td><td>${times === 1 ? 'once' : `${times} times`}</td></tr>`,
  )
  return page(
    `${money(one.amount)}, payment ${one.payment}`,
    html`<p><a href="/">All payments</a></p>${known}
${back.length > 0 ? html`<h2>Money back</h2><table>${back.map(({ what, id, amount, created }) => html`<tr><td>${at(new Date(created * 1000))}</td><td class="whole">${money(amount)}</td><td>${what}</td><td><small>${id}</small></td></tr>`)}</table>` : ''}
<h2>What was asked, and how often</h2><table><tr><th>Request</th><th>Idempotency key</th><th></th></tr>${asked}</table>`,
    5,
  )
}
