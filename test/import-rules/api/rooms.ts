import { charge } from '../activities/charge.ts'

export const apiRooms = charge
