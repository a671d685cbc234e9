export const term = 1
