import { randomUUID } from 'node:crypto'

/** Asks one server in JSON, as any client of it would. */
export type Http = {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: object): Promise<T>
  /** Sends text as CSV. */
  csv<T>(path: string, text: string): Promise<T>
  patch<T>(path: string, body: object): Promise<T>
  delete<T>(path: string): Promise<T>
}

/** Throws with what the server says is wrong for every answer that is not a success. */
export function httpClient(base: string, authorization?: string): Http {
  const ask = async <T>(method: string, path: string, body?: object | string): Promise<T> => {
    const answer = await fetch(base + path, {
      method,
      headers: {
        ...(authorization ? { authorization } : {}),
        ...(body ? { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' } : {}),
        // Whoever repeats a request that got no answer does the work once.
        ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
      },
      ...(body ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`)
    return JSON.parse(text) as T
  }
  return {
    get: (path) => ask('GET', path),
    post: (path, body = {}) => ask('POST', path, body),
    csv: (path, text) => ask('POST', path, text),
    patch: (path, body) => ask('PATCH', path, body),
    delete: (path) => ask('DELETE', path),
  }
}

type Page<T> = { data: T[]; next_cursor: string | null }

/** Every item of a list, page after page. `path` has a query already. */
export async function all<T>(http: Http, path: string): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page<T> = await http.get(`${path}&limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
    items.push(...page.data)
    cursor = page.next_cursor
  }
  return items
}
