import type { FastifyInstance } from 'fastify'
import type Stripe from 'stripe'
import { type Html, html, page } from '../page.ts'
import type { Confirmations } from './confirm.ts'
import { paymentsListing } from './payments.ts'
import type { Sandbox } from './sandbox.ts'
import { authenticated } from './settle.ts'

type ById = { Params: { id: string } }

const SHOWN = 200

/** What a person sees: the payments, and the page where a customer authenticates one. */
export function pageRoutes(app: FastifyInstance, sandbox: Sandbox): void {
  app.get('/', async (_request, reply) => reply.type('text/html').send(paymentsPage(sandbox)))
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

function paymentsPage(sandbox: Sandbox): string {
  const rows = paymentsListing(sandbox)
    .reverse()
    .slice(0, SHOWN)
    .map(
      (one): Html => html`<tr><td>${new Date(one.created * 1000).toISOString().slice(0, 19).replace('T', ' ')}</td>
<td>${inWords(one.amount, one.currency)}</td><td>${one.status.replaceAll('_', ' ')}${one.decline_code ? ` (${one.decline_code})` : ''}${one.disputed ? ', taken back' : ''}</td>
<td>${one.amount_refunded ? inWords(one.amount_refunded, one.currency) : ''}</td><td>${one.customer_id}</td><td><small>${one.payment}</small></td></tr>`,
    )
  const head = html`<tr><th>Time (UTC)</th><th>Amount</th><th>State</th><th>Refunded</th><th>Customer</th><th>Payment</th></tr>`
  const body = rows.length > 0 ? html`<table>${head}${rows}</table>` : html`<p class="muted">No payments yet.</p>`
  return page('Payments at the Stripe sandbox', body, 5)
}
