import type { ApiDeps } from '../../deps.ts'
import type { App } from '../../http/app-type.ts'
import { deviceRoutes } from './device-routes.ts'
import { deviceImportRoute } from './import-route.ts'
import { deviceModelRoutes } from './model-routes.ts'
import { storeRoute } from './store-route.ts'

/** What can be leased: models, units and what a company's store shows of them. */
export function stockRoutes(app: App, deps: ApiDeps): void {
  deviceModelRoutes(app, deps)
  deviceRoutes(app, deps)
  deviceImportRoute(app, deps)
  storeRoute(app, deps)
}
