import { isPublicAddress } from './addresses.ts'
import { addressesOf, TargetRefused } from './target.ts'

describe('a public address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450:4001::5'])(
    'is %s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  )

  it.each([
    ['this network', '0.0.0.0'],
    ['private', '10.1.2.3'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['loopback', '127.0.0.1'],
    ['link-local, where clouds keep their metadata', '169.254.169.254'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['unique-local', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['an IPv4 address in IPv6', '::ffff:127.0.0.1'],
    ['an IPv4 address in IPv6, in hexadecimal', '::ffff:a9fe:a9fe'],
    ['an IPv4 address in IPv6, the old way', '::127.0.0.1'],
    ['an IPv4 address behind NAT64', '64:ff9b::a00:1'],
    ['an IPv4 address in 6to4', '2002:7f00:1::'],
    ['Teredo', '2001::1'],
    ['multicast', 'ff02::1'],
    ['no address at all', 'localhost'],
    ['nothing', ''],
  ])('is not %s: %s', (_what, address) => expect(isPublicAddress(address)).toBe(false))
})

describe('a target of webhooks', () => {
  const policy = { allowPrivate: false, resolve: async () => [{ address: '8.8.8.8', family: 4 }] }
  const reach = (url: string, over: object = {}) => addressesOf(new URL(url), { ...policy, ...over })

  it.each([
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://127.0.0.1./',
    'https://１２７.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://169.254.169.254/latest/meta-data/',
    'http://example.com/',
    'https://user:secret@example.com/',
  ])('is refused: %s', async (url) => {
    await expect(reach(url)).rejects.toBeInstanceOf(TargetRefused)
  })

  it('is refused when only one of its addresses is private, or when it has none', async () => {
    const mixed = [
      { address: '8.8.8.8', family: 4 },
      { address: 'fd00::1', family: 6 },
    ]
    await expect(reach('https://example.com', { resolve: async () => mixed })).rejects.toThrow('not on a public')
    await expect(reach('https://example.com', { resolve: async () => [] })).rejects.toThrow('no address')
    const notFound = async () => Promise.reject(Object.assign(new Error('who?'), { code: 'ENOTFOUND' }))
    await expect(reach('https://example.com', { resolve: notFound })).rejects.toBeInstanceOf(TargetRefused)
  })

  it('is not told to be bad when nobody can say for now', async () => {
    const away = async () => Promise.reject(Object.assign(new Error('later'), { code: 'EAI_AGAIN' }))
    await expect(reach('https://example.com', { resolve: away })).rejects.not.toBeInstanceOf(TargetRefused)
  })

  it('is taken by name and by address', async () => {
    expect(await reach('https://example.com/hooks')).toEqual([{ address: '8.8.8.8', family: 4 }])
    expect(await reach('https://1.1.1.1:8443/hooks')).toEqual([{ address: '1.1.1.1', family: 4 }])
    expect(await reach('http://[::1]/', { allowPrivate: true })).toEqual([{ address: '::1', family: 6 }])
  })
})
