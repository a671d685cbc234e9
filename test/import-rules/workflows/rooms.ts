import { orm } from '../db/orm.ts'

export const workflowsRooms = orm
