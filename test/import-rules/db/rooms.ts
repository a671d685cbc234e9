import { charge } from '../activities/charge.ts'

export const dbRooms = charge
