import { helper } from '../test/helper.ts'

export const noTestCode = helper
