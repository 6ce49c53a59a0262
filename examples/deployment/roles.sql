-- What the role `portal` may do in the portal's database. Run it as `portal_owner`, after the first `manage.py migrate`:
--   psql --set ON_ERROR_STOP=1 --dbname portal --file roles.sql
-- Tables that later migrations make are covered by the default privileges.

GRANT USAGE ON SCHEMA public TO portal;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portal;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO portal;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO portal;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO portal;

-- The log is written and read, never changed.
REVOKE UPDATE, DELETE ON events_event, events_retentionreceipt FROM portal;
REVOKE DELETE ON events_frozenperson FROM portal;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM portal;
