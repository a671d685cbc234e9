/**
 * The number of a device as it is kept: 15 digits, the last of which checks the others by Luhn's rule; spaces, hyphens
 * and dots as people write them are taken away. `null` when it is none (keeps Leasing).
 */
export function imeiOf(written: string): string | null {
  const digits = written.replace(/[\s.-]/g, '')
  return /^\d{15}$/.test(digits) && luhnSum(digits) % 10 === 0 ? digits : null
}

/** The 15 digits of a device whose first 14 are these. */
export function withCheckDigit(first: string): string {
  return `${first}${(10 - (luhnSum(`${first}0`) % 10)) % 10}`
}

/** Every second digit from the right counts double, and of what that gives the digits are counted. */
function luhnSum(digits: string): number {
  return Array.from(digits)
    .reverse()
    .map((digit, k) => Number(digit) * (k % 2 === 1 ? 2 : 1))
    .reduce((sum, value) => sum + (value > 9 ? value - 9 : value), 0)
}
