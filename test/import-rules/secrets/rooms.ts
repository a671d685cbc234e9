import { charge } from '../activities/charge.ts'

export const secretsRooms = charge
