import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'

export type Credentials = { clientId: string; clientSecret: string }

const ORG = '00D000000000001EAA'
const USER = '005000000000001AAA'

/** Access tokens, which outlive a restart as at Salesforce. */
export class Sessions {
  readonly #db: DatabaseSync
  readonly #credentials: Credentials | undefined

  /** Without credentials any client id and secret will do. */
  constructor(db: DatabaseSync, credentials?: Credentials) {
    this.#db = db
    this.#credentials = credentials
    db.exec('CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY)')
  }

  /** The token endpoint: `client_credentials` and `password`. */
  open(form: URLSearchParams, url: string): { status: number; body: object } {
    const refuse = (error: string, error_description: string) => ({ status: 400, body: { error, error_description } })
    const grant = form.get('grant_type')
    if (grant !== 'client_credentials' && grant !== 'password') {
      return refuse('unsupported_grant_type', 'grant type not supported')
    }
    const [id, secret] = [form.get('client_id') ?? '', form.get('client_secret') ?? '']
    if (id === '' || (this.#credentials && id !== this.#credentials.clientId)) {
      return refuse('invalid_client_id', 'client identifier invalid')
    }
    if (secret === '' || (this.#credentials && secret !== this.#credentials.clientSecret)) {
      return refuse('invalid_client', 'invalid client credentials')
    }
    if (grant === 'password' && !(form.get('username') && form.get('password'))) {
      return refuse('invalid_grant', 'authentication failure')
    }
    const access_token = `${ORG.slice(0, 15)}!${randomBytes(48).toString('base64url')}`
    this.#db.prepare('INSERT INTO sessions VALUES (?)').run(access_token)
    const id_url = `${url}/id/${ORG}/${USER}`
    const common = {
      instance_url: url,
      id: id_url,
      token_type: 'Bearer',
      issued_at: String(Date.now()),
      signature: 'sandbox',
    }
    return { status: 200, body: { access_token, scope: 'api', ...common } }
  }

  isOpen(authorization: string | undefined): boolean {
    const token = authorization?.replace(/^(Bearer|OAuth) /i, '') ?? ''
    return this.#db.prepare('SELECT 1 FROM sessions WHERE token = ?').get(token) !== undefined
  }

  closeAll(): void {
    this.#db.exec('DELETE FROM sessions')
  }
}
