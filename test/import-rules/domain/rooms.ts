import { orm } from '../db/orm.ts'

export const domainRooms = orm
