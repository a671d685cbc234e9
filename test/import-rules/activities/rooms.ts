import { messages } from '../workflows/messages.ts'

export const activitiesRooms = messages
