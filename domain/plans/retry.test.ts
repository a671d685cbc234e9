import { DEFAULT_RETRY_POLICY, nextRetryDay, retryPolicyProblem } from './retry.ts'

const rentToOwn = { retries: 3, everyDays: [1, 2, 4] }

describe('the day of the next retry', () => {
  it.each([
    [DEFAULT_RETRY_POLICY, 0, '2027-01-15', '2027-01-16'],
    [DEFAULT_RETRY_POLICY, 1, '2027-01-16', null],
    [rentToOwn, 0, '2027-01-15', '2027-01-16'],
    [rentToOwn, 1, '2027-01-16', '2027-01-18'],
    [rentToOwn, 2, '2027-01-18', '2027-01-22'],
    [rentToOwn, 3, '2027-01-22', null],
    [{ retries: 0, everyDays: [] }, 0, '2027-01-15', null],
    // A debit that came back late: counted from the day on which that became known, not from the due date.
    [DEFAULT_RETRY_POLICY, 0, '2028-02-28', '2028-02-29'],
    [DEFAULT_RETRY_POLICY, 0, '2027-12-31', '2028-01-01'],
  ])('%j with %d used, declined on %s: %p', (policy, used, declinedOn, expected) => {
    expect(nextRetryDay(policy, used, declinedOn)).toBe(expected)
  })
})

describe('a retry policy', () => {
  it.each([
    [DEFAULT_RETRY_POLICY, 'card'],
    [rentToOwn, 'card'],
    [{ retries: 0, everyDays: [] }, 'us_bank_account'],
    [{ retries: 2, everyDays: [1, 3] }, 'us_bank_account'],
    [rentToOwn, 'sepa_debit'],
  ])('%j can be agreed for %s', (policy, type) => {
    expect(retryPolicyProblem(policy, type)).toEqual([])
  })

  it.each([
    [rentToOwn, 'us_bank_account', '/retries'],
    [{ retries: -1, everyDays: [] }, 'card', '/retries'],
    [{ retries: 1.5, everyDays: [1] }, 'card', '/retries'],
    [{ retries: 11, everyDays: new Array(11).fill(1) }, 'card', '/retries'],
    [{ retries: 2, everyDays: [1] }, 'card', '/every_days'],
    [{ retries: 1, everyDays: [1, 2] }, 'card', '/every_days'],
    [{ retries: 1, everyDays: [0] }, 'card', '/every_days/0'],
    [{ retries: 2, everyDays: [1, 1.5] }, 'card', '/every_days/1'],
    [{ retries: 2, everyDays: [1, 32] }, 'card', '/every_days/1'],
  ])('%j cannot be agreed for %s', (policy, type, pointer) => {
    expect(retryPolicyProblem(policy, type).map((problem) => problem.pointer)).toEqual([`/retry_policy${pointer}`])
  })
})
