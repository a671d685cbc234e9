/** What Salesforce answers instead of a record: `[{ errorCode, message, fields? }]`. */
export class SalesforceError extends Error {
  readonly status: number
  readonly errorCode: string
  readonly fields: string[] | undefined

  constructor(status: number, errorCode: string, message: string, fields?: string[]) {
    super(message)
    this.status = status
    this.errorCode = errorCode
    this.fields = fields
  }

  get body(): object[] {
    return [{ message: this.message, errorCode: this.errorCode, ...(this.fields ? { fields: this.fields } : {}) }]
  }
}

export function notFound(): SalesforceError {
  return new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist')
}

export function duplicate(field: string, id: string): SalesforceError {
  const message = `duplicate value found: ${field} duplicates value on record with id: ${id}`
  return new SalesforceError(400, 'DUPLICATE_VALUE', message, [])
}
