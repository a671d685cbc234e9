import { type Http, httpClient } from './http.ts'
import { type Where, waitFor } from './waiting.ts'

/** One payment in the books of the Stripe sandbox, in minor units; `net` is what was not refunded or returned. */
export type Payment = { payment: string; status: string; net: number; metadata: { tenor_plan?: string } }
type Message = { id: string; message_id: string; attachments: { url: string }[] }
type Case = { external_id: string | null; fields: { CaseNumber: string; Tenor_Plan_Id__c: string } }

/** The stand-ins for the world outside: what happens there, and what arrived there. */
export type Sandboxes = {
  /** The next charges of the customer end so, in order. */
  nextCharges(customer: string, outcomes: string[]): Promise<void>
  /** The bank takes the next step with the customer's debits: pays them, or takes them back. */
  settle(customer: string): Promise<void>
  payments(customer: string): Promise<Payment[]>
  paymentsPage(customer: string): string
  /** The mail with the receipt of a transaction, and the PDF that is attached to it; waits for it to arrive. */
  receiptMail(email: string, transaction: string): Promise<{ page: string; pdf: string }>
  /** The letter of a notification, and what is attached to it; waits for it to arrive. */
  letter(notification: string, email?: string): Promise<{ page: string; attached: string[] }>
  inbox: string
  /** The case of an escalation. */
  caseOf(escalation: string): Promise<Case | undefined>
  /** The page of a plan's newest case; waits for it to arrive. */
  casePageOf(plan: string): Promise<string>
  casesPage: string
}

export function sandboxesAt(where: Where): Sandboxes {
  const stripe = httpClient(where.stripe)
  const mail = httpClient(where.inbox)
  const salesforce = httpClient(where.salesforce)
  const paymentsPath = (customer: string) => `/_sandbox/payments?customer_id=${customer}`
  return {
    async nextCharges(customer, outcomes) {
      await stripe.post('/_sandbox/outcomes', { customer_id: customer, outcomes })
    },
    async settle(customer) {
      await stripe.post('/_sandbox/settle', { customer_id: customer })
    },
    payments: async (customer) => (await stripe.get<{ data: Payment[] }>(paymentsPath(customer))).data,
    paymentsPage: (customer) => `${where.stripe}/?customer_id=${customer}`,
    async receiptMail(email, transaction) {
      const { id, attachments } = await waitFor(`the receipt of ${transaction} in the inbox`, async () =>
        findReceipt(mail, email, transaction),
      )
      return { page: `${where.inbox}/messages/${id}`, pdf: where.inbox + (attachments[0]?.url ?? '') }
    },
    async letter(notification, email) {
      const query = email ? `?to=${encodeURIComponent(email)}` : ''
      const { id, attachments } = await waitFor(`the letter ${notification} in the inbox`, async () => {
        const { data } = await mail.get<{ data: Message[] }>(`/_sandbox/messages${query}`)
        return data.findLast(({ message_id }) => message_id.includes(`${notification}@`))
      })
      return { page: `${where.inbox}/messages/${id}`, attached: attachments.map(({ url }) => where.inbox + url) }
    },
    inbox: `${where.inbox}/`,
    async caseOf(escalation) {
      const { data } = await salesforce.get<{ data: Case[] }>('/_sandbox/cases')
      return data.find((one) => one.external_id?.endsWith(escalation))
    },
    async casePageOf(plan) {
      const number = await waitFor(`the case of ${plan} at Salesforce`, async () => {
        const { data } = await salesforce.get<{ data: Case[] }>('/_sandbox/cases')
        return data.findLast(({ fields }) => fields.Tenor_Plan_Id__c === plan)?.fields.CaseNumber
      })
      return `${where.salesforce}/cases/${number}`
    },
    casesPage: `${where.salesforce}/`,
  }
}

async function findReceipt(mail: Http, email: string, transaction: string): Promise<Message | undefined> {
  const { data } = await mail.get<{ data: Message[] }>(`/_sandbox/messages?to=${encodeURIComponent(email)}`)
  return data.find(({ message_id }) => message_id.includes(`receipt:${transaction}_`))
}
