import type { ApiDeps } from '../deps.ts'
import type { App } from '../http/app-type.ts'
import { planActions } from './action-routes.ts'
import { planChanges } from './change-routes.ts'
import { planCreation } from './create-routes.ts'
import type { PlanApi } from './kind.ts'
import { planProof } from './proof-routes.ts'
import { planReads } from './read-routes.ts'

/** What all kinds of plan offer, at the path of one kind. */
export function planRoutes(app: App, kind: PlanApi, deps: ApiDeps): void {
  planCreation(app, kind, deps)
  planReads(app, kind, deps)
  planChanges(app, kind, deps)
  planActions(app, kind, deps)
  planProof(app, kind, deps)
}
