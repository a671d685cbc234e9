import { backOffMs, MOST_ATTEMPTS } from './back-off.ts'

const HOUR = 3_600_000
const all = (random: number) => Array.from({ length: MOST_ATTEMPTS - 1 }, (_, n) => backOffMs(n + 1, random))

describe('waiting between tries', () => {
  it('begins with seconds and ends with an hour', () => {
    expect(backOffMs(1, 0.5)).toBe(5000)
    expect(backOffMs(2, 0.5)).toBe(10_000)
    expect(backOffMs(1000, 0.5)).toBe(HOUR)
  })

  it('spans three days, on average', () => {
    const days = all(0.5).reduce((sum, wait) => sum + wait, 0) / (24 * HOUR)
    expect(days).toBeGreaterThan(2.9)
    expect(days).toBeLessThan(3.1)
  })

  it('is never the same for two who began together', () => {
    expect(backOffMs(5, 0)).toBe(40_000)
    expect(backOffMs(5, 0.99)).toBe(119_200)
  })
})
