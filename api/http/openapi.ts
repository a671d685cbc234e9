export type Schema = {
  $ref?: string
  properties?: Record<string, unknown>
  required?: string[]
  oneOf?: unknown[]
  minProperties?: number
}
type Content = Record<string, { schema?: Schema }>
export type Response = { description: string; content?: Content; headers?: object; links?: object }
export type Operation = {
  operationId: string
  parameters?: { name: string; in: string }[]
  requestBody?: { content: Content; required?: boolean }
  responses: Record<string, Response>
}
/** As much of an OpenAPI document as is looked at here. */
export type Document = {
  paths: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Schema>; headers?: object }
}

/** The schema of the body that an operation takes. */
export function bodyOf({ components }: Document, { requestBody }: Operation): Schema | undefined {
  const schema = requestBody?.content['application/json']?.schema
  const named = schema?.$ref?.split('/').at(-1)
  return named === undefined ? schema : components?.schemas?.[named]
}
