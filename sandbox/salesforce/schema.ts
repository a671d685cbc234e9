import { SalesforceError } from './errors.ts'

export type Fields = Record<string, string | number | boolean | null>

/** Standard fields that can be written, with the most characters they take. */
const WRITABLE: Record<string, Record<string, number>> = {
  Case: {
    Subject: 255,
    Description: 32_000,
    Status: 255,
    Priority: 255,
    Origin: 255,
    Reason: 255,
    Type: 255,
    SuppliedName: 80,
    SuppliedEmail: 80,
    SuppliedPhone: 40,
    SuppliedCompany: 80,
    Comments: 4_000,
    IsEscalated: 5,
    ContactId: 18,
    AccountId: 18,
    OwnerId: 18,
    ParentId: 18,
    RecordTypeId: 18,
  },
  CaseComment: { ParentId: 18, CommentBody: 4_000, IsPublished: 5 },
}
const READ_ONLY = [
  'Id',
  'CaseNumber',
  'IsClosed',
  'ClosedDate',
  'CreatedDate',
  'LastModifiedDate',
  'SystemModstamp',
  'IsDeleted',
]
const LONGEST_CUSTOM_TEXT = 131_072
const PREFIX: Record<string, string> = { Case: '500', CaseComment: '00a' }

export function isKnownType(type: string): boolean {
  return type in WRITABLE
}

/** The first three characters of all ids of a type. */
export function idPrefix(type: string): string {
  return PREFIX[type] ?? '000'
}

/** The fields that an administrator of the org has made external ids, unique whatever their case. */
const EXTERNAL_IDS = ['Tenor_Escalation_Id__c']

export function isExternalId(field: string): boolean {
  return EXTERNAL_IDS.includes(field)
}

/** Refuses fields that there are not, that cannot be written, and values that do not fit. */
export function checkFields(type: string, given: unknown): Fields {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    throw new SalesforceError(400, 'JSON_PARSER_ERROR', 'The HTTP entity body must be a JSON object')
  }
  const { attributes: _, ...fields } = given as Record<string, unknown>
  for (const [name, value] of Object.entries(fields)) checkField(type, name, value)
  return fields as Fields
}

function checkField(type: string, name: string, value: unknown): void {
  if (READ_ONLY.includes(name)) {
    const message = `Unable to create/update fields: ${name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`
    throw new SalesforceError(400, 'INVALID_FIELD_FOR_INSERT_UPDATE', message, [name])
  }
  const longest = WRITABLE[type]?.[name] ?? (/^[A-Za-z]\w*__c$/.test(name) ? LONGEST_CUSTOM_TEXT : undefined)
  if (longest === undefined) {
    throw new SalesforceError(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${type}`)
  }
  if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
    throw new SalesforceError(400, 'JSON_PARSER_ERROR', `Cannot deserialize a value of the field ${name}`)
  }
  if (typeof value === 'string' && value.length > longest) {
    const message = `${name}: data value too large: ${value.slice(0, 40)}… (max length=${longest})`
    throw new SalesforceError(400, 'STRING_TOO_LONG', message, [name])
  }
}

/** Every field a record of the type may have, for `describe`. */
export function fieldsOf(type: string, custom: string[]): object[] {
  const names = [...READ_ONLY, ...Object.keys(WRITABLE[type] ?? {}), ...custom]
  return [...new Set(names)].map((name) => ({
    name,
    label: name.replace(/__c$/, '').replaceAll('_', ' '),
    type: name === 'Id' || name.endsWith('Id') ? 'id' : 'string',
    custom: name.endsWith('__c'),
    externalId: isExternalId(name),
    unique: isExternalId(name),
    createable: !READ_ONLY.includes(name),
    updateable: !READ_ONLY.includes(name),
  }))
}
