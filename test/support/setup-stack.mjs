import { startSharedStack } from './stack.ts'

export default startSharedStack
