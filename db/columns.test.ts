import { instantOf } from './columns.ts'

it.each([
  ['2027-01-15 14:00:00+00', '2027-01-15T14:00:00Z'],
  ['2027-01-15 14:00:00.25+00', '2027-01-15T14:00:00.250Z'],
  ['2027-01-15 19:30:00+05:30', '2027-01-15T14:00:00Z'],
  ['2027-01-15 09:00:00-05', '2027-01-15T14:00:00Z'],
  ['2027-01-15T14:00:00Z', '2027-01-15T14:00:00Z'],
  [new Date(Date.UTC(2027, 0, 15, 14)), '2027-01-15T14:00:00Z'],
])('reads the moment that PostgreSQL writes as %s', (written, instant) => {
  expect(instantOf(written)).toBe(instant)
})
