#!/usr/bin/env bash
# Set up an empty PostgreSQL for the portal: a login role that row-level security binds (no superuser), the database, the
# extensions. Runs once in the official image's entrypoint; for a server of your own, set PGHOST and PGUSER and run it.
set -euo pipefail

: "${CLINIC_PASSWORD:?the password of the role clinic}"

psql --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-postgres}" --set ON_ERROR_STOP=1 \
    --set password="$CLINIC_PASSWORD" <<'SQL'
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'clinic') AS new_role \gset
\if :new_role
CREATE ROLE clinic LOGIN NOSUPERUSER CREATEDB CREATEROLE PASSWORD :'password';
\endif
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'clinic_app') AS new_role \gset
\if :new_role
CREATE ROLE clinic_app NOLOGIN;
\endif
GRANT clinic_app TO clinic WITH ADMIN OPTION;

-- Extensions in template1 are in every database made later, also in those of the tests.
\connect template1
CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;
\connect postgres

SELECT NOT EXISTS (SELECT FROM pg_database WHERE datname = 'clinic') AS new_database \gset
\if :new_database
CREATE DATABASE clinic OWNER clinic;
\endif
SQL
