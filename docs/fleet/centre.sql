-- The database of a fleet's centre, for PostgreSQL 15 or later. Run it with
-- psql as a superuser, in a database of its own; run that of a newer hm again to
-- upgrade:
--   psql -d fleet -f centre.sql
-- docs/fleet.md says how a fleet is set up and what is in the tables.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET client_encoding = 'UTF8';
BEGIN;
CREATE SCHEMA IF NOT EXISTS hm;
SET LOCAL search_path = hm, pg_temp;

-- Versions. What is only added, such as columns of new fields, needs none.
CREATE TABLE IF NOT EXISTS version (
	version integer PRIMARY KEY, since timestamptz NOT NULL DEFAULT now());
DO $$ BEGIN
	IF (SELECT max(version) > 1 FROM version) THEN
		RAISE EXCEPTION 'this centre is of a newer version of hm: %',
			(SELECT max(version) FROM version);
	END IF;
	INSERT INTO version VALUES (1) ON CONFLICT DO NOTHING;
END $$;

-- Sites and their keys, of which only the hashes are kept
CREATE TABLE IF NOT EXISTS site (
	site text PRIMARY KEY CHECK (site ~ '^[A-Za-z0-9._-]{1,64}$'),
	timezone text NOT NULL DEFAULT 'UTC',
	-- How long it may be silent before hm.fleet calls it late
	expected interval NOT NULL DEFAULT '1 hour',
	added timestamptz NOT NULL DEFAULT now(),
	seen timestamptz,
	batches bigint NOT NULL DEFAULT 0,
	rows bigint NOT NULL DEFAULT 0)
	WITH (fillfactor = 50);
-- When its days begin, as the setting reset_hour of its hm-store
ALTER TABLE site ADD COLUMN IF NOT EXISTS reset_hour integer NOT NULL DEFAULT 0
	CHECK (reset_hour BETWEEN 0 AND 23);
CREATE TABLE IF NOT EXISTS site_key (
	site text REFERENCES site ON DELETE CASCADE,
	sha256 bytea,
	added timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (site, sha256));

-- Lines that are no records, and records of types that have no table here
CREATE TABLE IF NOT EXISTS refused (
	site text, hash text, time timestamptz NOT NULL DEFAULT now(),
	reason text NOT NULL, line text NOT NULL, PRIMARY KEY (site, hash));
CREATE TABLE IF NOT EXISTS other (
	site text, type text, time timestamptz, hash text, dtu text,
	record jsonb NOT NULL, PRIMARY KEY (site, type, time, hash));

-- Where from-kafka goes on
CREATE TABLE IF NOT EXISTS kafka_offset (
	topic text, partition integer, next bigint NOT NULL,
	PRIMARY KEY (topic, partition));

-- Records without readings: tables as those of hm.db, with the site
CREATE TABLE IF NOT EXISTS status (
	site text, dtu text, time timestamptz, state text, breaker text,
	failures bigint, error text, text text, hint text, retry_at timestamptz,
	PRIMARY KEY (site, dtu, time));
CREATE TABLE IF NOT EXISTS alarm (
	site text NOT NULL, time timestamptz NOT NULL, dtu text NOT NULL,
	serial text, port integer, code bigint, alert text, text text,
	count bigint, start timestamptz NOT NULL, "end" timestamptz,
	UNIQUE NULLS NOT DISTINCT (site, dtu, serial, port, code, alert, start));
CREATE INDEX IF NOT EXISTS alarm_lasting ON alarm (site) WHERE "end" IS NULL;
CREATE TABLE IF NOT EXISTS info (
	site text, dtu text, serial text, hash text, time timestamptz NOT NULL,
	data jsonb NOT NULL, PRIMARY KEY (site, dtu, serial, hash));
CREATE TABLE IF NOT EXISTS history (
	site text, dtu text, serial text, start timestamptz, package integer,
	time timestamptz NOT NULL, data jsonb NOT NULL,
	PRIMARY KEY (site, dtu, serial, start, package));
CREATE TABLE IF NOT EXISTS past_days (
	site text, dtu text, serial text, day date, energy bigint NOT NULL,
	time timestamptz NOT NULL, PRIMARY KEY (site, dtu, serial, day));
CREATE TABLE IF NOT EXISTS commands (
	site text, id text, time timestamptz NOT NULL, dtu text, serial text,
	action text, percent double precision, watts double precision,
	source text, data jsonb NOT NULL, PRIMARY KEY (site, id));
CREATE TABLE IF NOT EXISTS results (
	site text, id text, stage integer, time timestamptz NOT NULL, dtu text,
	serial text, action text, state text NOT NULL, error text, text text,
	percent double precision, watts double precision, is_on boolean,
	PRIMARY KEY (site, id, stage));

-- Readings: the types and fields of hm, and the tables made of them
CREATE TABLE IF NOT EXISTS kind (
	name text PRIMARY KEY, place integer NOT NULL, keys text[] NOT NULL,
	own text);
CREATE TABLE IF NOT EXISTS field (
	kind text REFERENCES kind, name text, place integer NOT NULL,
	form text NOT NULL, unit text, help text NOT NULL,
	PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS rollup_due (
	site text, hour timestamptz, PRIMARY KEY (site, hour));

CREATE TEMP TABLE new_kind (LIKE kind) ON COMMIT DROP;
CREATE TEMP TABLE new_field (LIKE field) ON COMMIT DROP;
\ir fields.sql
INSERT INTO kind SELECT * FROM new_kind
	ON CONFLICT (name) DO UPDATE SET place = excluded.place;
INSERT INTO field SELECT * FROM new_field
	ON CONFLICT (kind, name) DO UPDATE SET place = excluded.place,
	unit = excluded.unit, help = excluded.help;

\ir more.sql
\ir tables.sql
\ir put.sql
\ir views.sql
\ir roles.sql
COMMIT;
-- Not before: it waits for batches, and these wait for the tables.
SELECT hm.sort_more() \g /dev/null
SELECT hm.sort_other() \g /dev/null
