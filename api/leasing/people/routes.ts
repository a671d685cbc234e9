import type { ApiDeps } from '../../deps.ts'
import type { App } from '../../http/app-type.ts'
import { clientRoutes } from './client-routes.ts'
import { employeeRoutes } from './employee-routes.ts'
import { importRoute } from './import-route.ts'
import { storeRoutes } from './store-routes.ts'

/** Companies, what their stores offer, and their employees; no workflow owns them. */
export function peopleRoutes(app: App, deps: ApiDeps): void {
  clientRoutes(app, deps)
  storeRoutes(app, deps)
  employeeRoutes(app, deps)
  importRoute(app, deps)
}
