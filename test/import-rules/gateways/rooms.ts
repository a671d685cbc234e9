import { orm } from '../db/orm.ts'

export const gatewaysRooms = orm
