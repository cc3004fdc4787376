-- Roles. hm_edge, as which every site logs in, may call hm.put and nothing else:
-- one role for all, because pgbouncer keeps its connections apart by role.
-- hm_reader, for dashboards, reads all but the keys. hm_kafka, for from-kafka, may
-- write for every site. None has a password yet.
DO $$
DECLARE name text;
BEGIN
	FOREACH name IN ARRAY '{hm_edge,hm_reader,hm_kafka}'::text[] LOOP
		IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
			EXECUTE format('CREATE ROLE %I LOGIN', name);
		END IF;
	END LOOP;
	EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC',
		current_database());
END $$;
ALTER ROLE hm_edge SET statement_timeout = '60s';
-- A statement holds the key of a site. Every other site has the same role, and
-- would see it in pg_stat_activity; the log would have it after an error. Only a
-- superuser can change the two.
ALTER ROLE hm_edge SET track_activities = off;
ALTER ROLE hm_edge SET log_min_error_statement = panic;
ALTER ROLE hm_kafka SET track_activities = off;
ALTER ROLE hm_kafka SET log_min_error_statement = panic;
ALTER ROLE hm_reader SET default_transaction_read_only = on;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hm FROM PUBLIC;
REVOKE ALL ON ALL PROCEDURES IN SCHEMA hm FROM PUBLIC;
GRANT USAGE ON SCHEMA hm TO hm_edge, hm_reader, hm_kafka;
GRANT EXECUTE ON FUNCTION put TO hm_edge;
GRANT EXECUTE ON FUNCTION kafka_next, put_kafka TO hm_kafka;
GRANT EXECUTE ON FUNCTION day_of, day_shift TO hm_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA hm TO hm_reader;
REVOKE ALL ON site_key FROM hm_reader;
