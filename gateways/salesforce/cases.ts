import jsforce, { type Connection } from '@jsforce/jsforce-node'
import { giveWholeAnswers } from './whole-answers.ts'

export type SalesforceOptions = {
  loginUrl: string
  clientId: string
  clientSecret: string
  /** Both or none: with them the integration user logs in, else the connected app itself does. */
  username?: string | undefined
  password?: string | undefined
  timeoutMs?: number | undefined
}

/** What a broker sees. Ids, codes and amounts only: whom it is about is looked up in Tenor. */
export type Case = {
  /** Ours: one case each, however often it is sent. */
  externalId: string
  subject: string
  description: string
  isOpen: boolean
  priority: 'High' | 'Medium' | 'Low'
  planId: string
  customerId: string
  /** Decimal, as `83.33`. */
  amount: string
  currency: string
  reason: string
  code: string | null
}

export type Cases = {
  /** Makes the case or brings it up to date; a case that is not open any more is closed. Throws `CaseNotSaved`. */
  upsert: (about: Case) => Promise<{ caseId: string }>
}

/** Salesforce did not take the case, or did not say so. Sending it again makes no second one. */
export class CaseNotSaved extends Error {
  override name = 'CaseNotSaved'
  /** Salesforce's own code, such as `REQUEST_LIMIT_EXCEEDED`, or `NO_ANSWER`. */
  readonly code: string
  constructor(code: string, cause: unknown) {
    super(`Salesforce did not save the case (${code})`, { cause })
    this.code = code
  }
}

const API_VERSION = '60.0'
const TIMEOUT_MS = 30_000
const EXTERNAL_ID = 'Tenor_Escalation_Id__c'

giveWholeAnswers(TIMEOUT_MS)

/**
 * Cases at Salesforce by upsert on an external id. The org needs text fields on Case of the names in `fieldsOf`, and
 * `Tenor_Escalation_Id__c` as unique external id.
 */
export function cases(options: SalesforceOptions): Cases {
  const { timeoutMs = TIMEOUT_MS } = options
  // A login that is never answered is not to be waited for by all who come later.
  const session = openSession(() => within(timeoutMs, connect(options)))
  return {
    async upsert(about) {
      try {
        const save = session.run((connection) => saved(connection, about))
        return { caseId: await within(timeoutMs, save) }
      } catch (error) {
        throw new CaseNotSaved(codeOf(error) ?? 'NO_ANSWER', error)
      }
    },
  }
}

async function saved(connection: Connection, about: Case): Promise<string> {
  const record = { ...fieldsOf(about), [EXTERNAL_ID]: about.externalId }
  try {
    const result = await connection.sobject('Case').upsert(record, EXTERNAL_ID)
    // An update is answered without a body by some versions of the API.
    return result.id ?? (await caseIdOf(connection, about.externalId, new Error('The case is not to be found')))
  } catch (error) {
    if (codeOf(error) !== 'DUPLICATE_VALUE') throw error
    // Two upserts of a new case at once: the other one made it a moment before. Else another field is unique there.
    const Id = await caseIdOf(connection, about.externalId, error)
    await connection.sobject('Case').update({ ...fieldsOf(about), Id })
    return Id
  }
}

/** Throws `otherwise` when there is no such case. */
async function caseIdOf(connection: Connection, externalId: string, otherwise: unknown): Promise<string> {
  const found = await connection.sobject('Case').findOne({ [EXTERNAL_ID]: externalId }, ['Id'])
  if (!found?.Id) throw otherwise
  return found.Id
}

function fieldsOf(about: Case): Record<string, string | null> {
  return {
    Subject: about.subject.slice(0, 255),
    Description: about.description.slice(0, 32_000),
    Status: about.isOpen ? 'Escalated' : 'Closed',
    Priority: about.priority,
    Tenor_Plan_Id__c: about.planId,
    Tenor_Customer_Id__c: about.customerId,
    Tenor_Amount__c: about.amount,
    Tenor_Currency__c: about.currency,
    Tenor_Reason__c: about.reason,
    Tenor_Code__c: about.code,
  }
}

/**
 * One login for all who come at the same time, renewed once when Salesforce calls it expired. jsforce's own renewal
 * goes on for ever if the new session is refused as well.
 */
function openSession(open: () => Promise<Connection>) {
  let current: Promise<Connection> | null = null
  const login = () => {
    const opening = open()
    current = opening
    opening.catch(() => {
      if (current === opening) current = null
    })
    return opening
  }
  return {
    async run<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
      const used = current ?? login()
      try {
        return await work(await used)
      } catch (error) {
        if (codeOf(error) !== 'INVALID_SESSION_ID') throw error
      }
      return work(await (current === used || current === null ? login() : current))
    },
  }
}

type Grant = { grant_type: string; [name: string]: string }

/** A connection that knows nothing of OAuth: it would renew its session by itself otherwise. */
async function connect({ loginUrl, clientId, clientSecret, ...user }: SalesforceOptions): Promise<Connection> {
  const { username, password } = user
  const isUser = username !== undefined && password !== undefined
  const grant: Grant = isUser ? { grant_type: 'password', username, password } : { grant_type: 'client_credentials' }
  const token = await new jsforce.OAuth2({ loginUrl, clientId, clientSecret }).requestToken(grant)
  return new jsforce.Connection({
    version: API_VERSION,
    accessToken: token.access_token,
    instanceUrl: token.instance_url,
  })
}

function codeOf(error: unknown): string | undefined {
  const { errorCode, name = '' } = error as { errorCode?: unknown; name?: string }
  if (typeof errorCode === 'string') return errorCode
  // A login that is refused has OAuth's word for it as its name, such as `invalid_client`.
  return /^[a-z]+(_[a-z]+)+$/.test(name) ? name : undefined
}

/** jsforce would wait half an hour. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer for ${milliseconds} ms`)), milliseconds)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
