-- For an owner that may not make roles (no CREATEROLE): an administrator runs this once, before the first migration.
--   psql -v owner=tenor -v api_password=… -v worker_password=… -f db/roles.sql postgres
-- Where the owner may, `npm run db:migrate` and set-up do the same by themselves.
create role tenor_api login password :'api_password' nosuperuser nobypassrls nocreatedb nocreaterole;
create role tenor_worker login password :'worker_password' nosuperuser nobypassrls nocreatedb nocreaterole;
-- Migrations that move data reach every tenant's.
grant tenor_worker to :"owner";
