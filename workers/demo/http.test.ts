import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { httpClient } from './http.ts'

it('comes back when it is told to, with the same key, and says what is wrong otherwise', async () => {
  const keys: (string | string[] | undefined)[] = []
  const server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key'])
    if (request.url === '/wrong') return response.writeHead(422).end('{"code":"amount_invalid"}')
    if (keys.length === 1) return response.writeHead(503, { 'retry-after': '1' }).end('{}')
    return response.end('{"id":"pt_1"}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const http = httpClient(`http://127.0.0.1:${port}`)
    expect(await http.post('/payment_terms', {})).toEqual({ id: 'pt_1' })
    expect(keys).toEqual([expect.any(String), keys[0]])
    await expect(http.get('/wrong')).rejects.toThrow('GET /wrong answered 422: {"code":"amount_invalid"}')
  } finally {
    server.close()
  }
})
