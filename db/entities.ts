import { Customers } from './customers/customers.ts'
import { ApiClients } from './identity/api-clients.ts'
import { AuditLog } from './identity/audit-log.ts'
import { IdempotencyKeys } from './identity/idempotency-keys.ts'
import { TenantIssuers } from './identity/tenant-issuers.ts'
import { Users } from './identity/users.ts'
import { ClientDomains, Clients } from './leasing/clients.ts'
import { CartLines, Employees } from './leasing/employees.ts'
import { LeaseChanges } from './leasing/lease-changes.ts'
import { Leases } from './leasing/leases.ts'
import { PayrollDeductions, Statements } from './leasing/statements.ts'
import { DeviceModels, Devices } from './leasing/stock.ts'
import { Escalations } from './plans/escalations.ts'
import { Events } from './plans/events.ts'
import { Installments } from './plans/installments.ts'
import { JournalEntries, Postings } from './plans/ledger.ts'
import { Notifications } from './plans/notifications.ts'
import { Plans } from './plans/plans.ts'
import { Receipts } from './plans/receipts.ts'
import { TestClocks } from './plans/test-clocks.ts'
import { Transactions } from './plans/transactions.ts'
import { WebhookDeliveries } from './webhooks/deliveries.ts'
import { WebhookEndpoints } from './webhooks/endpoints.ts'
import { WebhookInbox } from './webhooks/inbox.ts'

export const entities = [
  Customers,
  Plans,
  Installments,
  Transactions,
  JournalEntries,
  Postings,
  Receipts,
  Notifications,
  Escalations,
  Events,
  TestClocks,
  Clients,
  ClientDomains,
  Employees,
  CartLines,
  DeviceModels,
  Devices,
  Leases,
  PayrollDeductions,
  LeaseChanges,
  Statements,
  WebhookInbox,
  WebhookEndpoints,
  WebhookDeliveries,
  IdempotencyKeys,
  AuditLog,
  TenantIssuers,
  ApiClients,
  Users,
]
