import type { ApiDeps } from '../deps.ts'
import type { App } from '../http/app-type.ts'
import { planRoutes } from '../plans/routes.ts'
import { cartRoutes } from './cart/routes.ts'
import { dispatchBoardRoute } from './dispatch-board.ts'
import { exchangeRoute } from './leases/exchange-route.ts'
import { LEASING } from './leases/kind.ts'
import { leaseSteps } from './leases/step-routes.ts'
import { meRoutes } from './me-routes.ts'
import { offboardRoute } from './offboarding.ts'

/** From the order of a device to its end, and who does what on the way. */
export function leaseRoutes(app: App, deps: ApiDeps): void {
  planRoutes(app, LEASING, deps)
  leaseSteps(app, deps)
  exchangeRoute(app, deps)
  meRoutes(app, deps)
  cartRoutes(app, deps)
  dispatchBoardRoute(app, deps)
  offboardRoute(app, deps)
}
