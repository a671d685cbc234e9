import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks one server in JSON, as any client of it would. */
export type Http = {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: object): Promise<T>
  /** Sends text as CSV. */
  csv<T>(path: string, text: string): Promise<T>
  patch<T>(path: string, body: object): Promise<T>
  delete<T>(path: string): Promise<T>
}

const PATIENCE_MS = 120_000

/** Throws with what the server says is wrong for every answer that is not a success. Comes back when it is told to. */
export function httpClient(base: string, authorization?: string): Http {
  const ask = async <T>(method: string, path: string, body?: object | string): Promise<T> => {
    const answer = await patiently(base + path, {
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

async function patiently(url: string, request: RequestInit): Promise<Response> {
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    const answer = await fetch(url, request)
    const seconds = Number(answer.headers.get('retry-after'))
    if (answer.ok || seconds === 0 || Date.now() > until) return answer
    await sleep(seconds * 1000)
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
