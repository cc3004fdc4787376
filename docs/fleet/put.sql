-- hm.put(site, key, lines): store a batch of records, a line each, in one
-- transaction. Whoever calls it may take its return for "stored for good". A
-- batch that comes again, whole or in part, adds nothing.

CREATE OR REPLACE FUNCTION take_status(records jsonb[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	INSERT INTO status AS o SELECT DISTINCT ON (r.dtu, r.time) r.*
		FROM unnest(records) WITH ORDINALITY AS l(j, number),
		jsonb_populate_record(NULL::status, j) AS r
		ORDER BY r.dtu, r.time, number DESC
		ON CONFLICT (site, dtu, time) DO UPDATE
		SET state = excluded.state, breaker = excluded.breaker,
		failures = excluded.failures, error = excluded.error,
		text = excluded.text, hint = excluded.hint,
		retry_at = excluded.retry_at
		WHERE o.* IS DISTINCT FROM excluded.*;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;

-- An alarm comes again when it ends, or is counted again. One without a start
-- is of a DTU whose clock is not set: hm-store keeps none, either.
CREATE OR REPLACE FUNCTION take_alarm(records jsonb[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	INSERT INTO alarm AS o SELECT DISTINCT ON (r.dtu, r.serial, r.port,
		r.code, r.alert, r.start) r.*
		FROM unnest(records) WITH ORDINALITY AS l(j, number),
		jsonb_populate_record(NULL::alarm, j) AS r
		WHERE r.start IS NOT NULL
		ORDER BY r.dtu, r.serial, r.port, r.code, r.alert, r.start,
		r.time DESC, number DESC
		ON CONFLICT (site, dtu, serial, port, code, alert, start)
		DO UPDATE SET time = excluded.time, count = excluded.count,
		"end" = excluded."end", text = excluded.text
		WHERE excluded.time >= o.time AND (o."end", o.count, o.text)
		IS DISTINCT FROM (excluded."end", excluded.count, excluded.text);
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;

-- A DTU's list of alarms ends those that it lacks.
CREATE OR REPLACE FUNCTION take_alarms(records jsonb[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	j jsonb;
	n bigint := 0;
	ended bigint;
BEGIN
	FOR j IN SELECT u FROM unnest(records) AS u ORDER BY u->>'time' LOOP
		UPDATE alarm AS a SET "end" = (j->>'time')::timestamptz,
			time = (j->>'time')::timestamptz
			WHERE a.site = j->>'site' AND a.dtu = j->>'dtu'
			AND a.code IS NOT NULL AND a."end" IS NULL
			AND a.time < (j->>'time')::timestamptz
			AND NOT EXISTS (SELECT 1 FROM jsonb_to_recordset(
			coalesce(j->'lasting', '[]')) AS l(serial text,
			code bigint, start timestamptz) WHERE l.code = a.code
			AND l.serial IS NOT DISTINCT FROM a.serial
			AND l.start = a.start);
		GET DIAGNOSTICS ended = ROW_COUNT;
		n := n + ended;
	END LOOP;
	RETURN n;
END $$;

CREATE OR REPLACE FUNCTION take_info(records jsonb[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	INSERT INTO info AS o SELECT DISTINCT ON (dtu, serial, hash)
		j->>'site', j->>'dtu' AS dtu, j->>'serial' AS serial,
		md5(d.data::text) AS hash, (j->>'time')::timestamptz, d.data
		FROM unnest(records) AS j, LATERAL (SELECT
		j - '{type,site,time,dtu,serial}'::text[] AS data) AS d
		ORDER BY dtu, serial, hash, j->>'time'
		ON CONFLICT (site, dtu, serial, hash) DO UPDATE
		SET time = excluded.time WHERE excluded.time < o.time;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;

CREATE OR REPLACE FUNCTION take_history(records jsonb[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	INSERT INTO history AS o SELECT DISTINCT ON (r.dtu, r.serial, r.start,
		r.package) j->>'site', r.dtu, r.serial, r.start, r.package,
		r.time, j - '{type,site,time,dtu,serial,start,package}'::text[]
		FROM unnest(records) WITH ORDINALITY AS l(j, number),
		jsonb_populate_record(NULL::history, j) AS r
		WHERE r.start IS NOT NULL
		ORDER BY r.dtu, r.serial, r.start, r.package, r.time DESC,
		number DESC
		ON CONFLICT (site, dtu, serial, start, package) DO UPDATE
		SET time = excluded.time, data = excluded.data
		WHERE excluded.time >= o.time AND o.data <> excluded.data;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;

CREATE OR REPLACE FUNCTION take_energies(records jsonb[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	INSERT INTO past_days AS o SELECT DISTINCT ON (dtu, serial, day)
		j->>'site', j->>'dtu' AS dtu, j->>'serial' AS serial,
		(d.time AT TIME ZONE s.timezone)::date AS day, d.energy,
		(j->>'time')::timestamptz AS told
		FROM unnest(records) AS j
		JOIN site AS s ON s.site = j->>'site',
		jsonb_to_recordset(coalesce(j->'days', '[]'))
		AS d(time timestamptz, energy bigint)
		WHERE d.time IS NOT NULL AND d.energy >= 0
		ORDER BY dtu, serial, day, told DESC
		ON CONFLICT (site, dtu, serial, day) DO UPDATE
		SET energy = excluded.energy, time = excluded.time
		WHERE excluded.time >= o.time AND o.energy <> excluded.energy;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;

-- The id of a command is that of no other one: the first stays.
CREATE OR REPLACE FUNCTION take_command(records jsonb[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	INSERT INTO commands SELECT j->>'site', r.id, r.time, r.dtu, r.serial,
		r.action, r.percent, r.watts, j->>'from', j - '{type,site,time,
		id,dtu,serial,action,percent,watts,from}'::text[]
		FROM unnest(records) AS j,
		jsonb_populate_record(NULL::commands, j) AS r
		ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;

-- A refused result gives way to one of an order that was carried out.
CREATE OR REPLACE FUNCTION take_result(records jsonb[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	INSERT INTO results AS o SELECT DISTINCT ON (r.id, s.stage) j->>'site',
		r.id, s.stage, r.time, r.dtu, r.serial, r.action, r.state,
		r.error, r.text, r.percent, r.watts, (j->>'on')::boolean
		FROM unnest(records) WITH ORDINALITY AS l(j, number),
		jsonb_populate_record(NULL::results, j) AS r,
		LATERAL (SELECT CASE r.state WHEN 'accepted' THEN 1
		WHEN 'under_way' THEN 2 ELSE 3 END) AS s(stage)
		ORDER BY r.id, s.stage, r.state = 'refused', number
		ON CONFLICT (site, id, stage) DO UPDATE SET time = excluded.time,
		state = excluded.state, dtu = excluded.dtu,
		serial = excluded.serial, action = excluded.action,
		error = excluded.error, text = excluded.text,
		percent = excluded.percent, watts = excluded.watts,
		is_on = excluded.is_on
		WHERE o.state = 'refused' AND excluded.state <> 'refused';
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;

-- Records of a younger hm wait for the centre's upgrade; sort_other takes them.
CREATE OR REPLACE FUNCTION take_other(records jsonb[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	INSERT INTO other SELECT j->>'site', j->>'type',
		(j->>'time')::timestamptz, md5(j::text), j->>'dtu', j
		FROM unnest(records) AS j ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;

-- The function of each type; the counters of tools have none, and are dropped.
-- Names from lines never get into a statement.
DO $$
DECLARE
	sums text[] := ARRAY(SELECT k.name || suffix FROM kind AS k,
		(VALUES (''), ('_hourly'), ('_daily')) AS s(suffix)
		ORDER BY k.place, suffix);
	events text[] := '{status,alarm,alarms,info,history,energies,command,
		result}';
BEGIN
	EXECUTE format($f$
CREATE OR REPLACE FUNCTION take_type(site_ text, type text, lines text[])
RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE records jsonb[];
BEGIN
	CASE type
%s	WHEN 'stats' THEN RETURN 0;
	ELSE records := ARRAY(SELECT line::jsonb || jsonb_build_object('site',
		site_) FROM unnest(lines) AS line);
	END CASE;
	CASE type
%s	ELSE RETURN take_other(records);
	END CASE;
END $body$ $f$, (SELECT string_agg(format(
		E'\tWHEN %L THEN RETURN take_%1$s(site_, lines);\n', t), '')
		FROM unnest(sums) AS t), (SELECT string_agg(format(
		E'\tWHEN %L THEN RETURN take_%1$s(records);\n', t), '')
		FROM unnest(events) AS t));
END $$;

-- A line that does not begin with its type, as those of hm do, or has no good time
CREATE OR REPLACE FUNCTION type_of(line text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE j jsonb := line;
BEGIN
	IF coalesce(jsonb_typeof(j) = 'object'
		AND jsonb_typeof(j->'type') = 'string' AND j->>'time' ~
		'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$', false) THEN
		RETURN j->>'type';
	END IF;
	RAISE data_exception USING MESSAGE = 'no object with a type and a time '
		'such as 2026-11-23T10:15:00Z';
END $$;

-- Store lines, or fail if one of them is no record. The type of most is read
-- without parsing the line, which its function does once.
CREATE OR REPLACE FUNCTION take(site_ text, lines text[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	t record;
	n bigint := 0;
BEGIN
	FOR t IN SELECT CASE WHEN line LIKE
		'{"type":"%","time":"____-__-__T__:__:__Z"%'
		THEN split_part(line, '"', 4) ELSE type_of(line) END AS type,
		array_agg(line) AS lines
		FROM unnest(lines) AS line GROUP BY 1 ORDER BY 1 LOOP
		n := n + take_type(site_, t.type, t.lines);
	END LOOP;
	RETURN n;
END $$;

-- Store the good lines and refuse the others. If the whole fails, its halves are
-- tried, so that a bad line costs a few attempts and holds up nothing. Errors
-- that a later attempt may not meet, such as a full disk, end the call.
CREATE OR REPLACE FUNCTION take_good(site_ text, lines text[],
	OUT new bigint, OUT refused bigint) LANGUAGE plpgsql AS $$
DECLARE
	count integer := cardinality(lines);
	why text;
	whole text;
	half record;
BEGIN
	new := 0;
	refused := 0;
	BEGIN
		new := take(site_, lines);
		RETURN;
	EXCEPTION WHEN data_exception OR integrity_constraint_violation
		OR program_limit_exceeded THEN
		why := SQLERRM;
	END;
	IF count > 1 THEN
		FOR half IN SELECT (take_good(site_, part)).* FROM (VALUES
			(1, lines[:count / 2]), (2, lines[count / 2 + 1:]))
			AS p(place, part) ORDER BY place LOOP
			new := new + half.new;
			refused := refused + half.refused;
		END LOOP;
		RETURN;
	END IF;
	-- A NUL in a string, which PostgreSQL cannot store, is left out.
	whole := regexp_replace(lines[1], '(?<!\\)((?:\\\\)*)\\u0000', '\1',
		'g');
	IF whole <> lines[1] THEN
		SELECT * INTO half FROM take_good(site_, ARRAY[whole]);
		new := half.new;
		refused := half.refused;
		RETURN;
	END IF;
	INSERT INTO refused (site, hash, reason, line)
		VALUES (site_, md5(lines[1]), why, lines[1])
		ON CONFLICT DO NOTHING;
	refused := 1;
END $$;

-- The partitions of the next month, in time
CREATE OR REPLACE FUNCTION make_months() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('port' || to_char(now() + interval '20 days',
		'_YYYY_MM')) IS NULL AND pg_try_advisory_xact_lock(1752006000)
		THEN PERFORM upkeep();
	END IF;
END $$;

CREATE OR REPLACE FUNCTION put(site text, key text, lines text,
	OUT new bigint, OUT refused bigint) LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = hm, pg_temp SET timezone = 'UTC' SET work_mem = '32MB'
	SET datestyle = 'ISO, YMD' AS $$
#variable_conflict use_column
DECLARE site_ ALIAS FOR $1;
BEGIN
	-- First, so that remove_site has removed the key, or waits for the rows.
	PERFORM lock_site(site_);
	PERFORM FROM site_key AS k WHERE k.site = site_
		AND k.sha256 = sha256(convert_to(key, 'UTF8'));
	IF NOT FOUND THEN
		RAISE invalid_password USING MESSAGE = 'hm.put: there is no '
			'such site, or this is not its key';
	END IF;
	PERFORM make_months();
	SELECT t.new, t.refused INTO put.new, put.refused FROM take_good(site_,
		array_remove(string_to_array(lines, E'\n'), '')) AS t;
	UPDATE site AS s SET seen = now(), batches = s.batches + 1,
		rows = s.rows + put.new WHERE s.site = site_;
END $$;

-- From Kafka: put_kafka(topic, partition, lines) stores lines of an offset, a
-- key (SITE/DTU) and a record, with tabs between them, and where to go on, in one
-- transaction. Offsets that it has stored already are passed over. kafka_next
-- makes the months: put_kafka waits for sites, which might wait for their tables.
CREATE OR REPLACE FUNCTION kafka_next(topic_ text, partition_ integer)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = hm, pg_temp SET timezone = 'UTC' AS $$
BEGIN
	PERFORM make_months();
	RETURN coalesce((SELECT next FROM kafka_offset WHERE topic = topic_
		AND partition = partition_), 0);
END $$;

CREATE OR REPLACE FUNCTION put_kafka(topic_ text, partition_ integer, lines text,
	OUT new bigint, OUT refused bigint) LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = hm, pg_temp SET timezone = 'UTC'
	SET datestyle = 'ISO, YMD' AS $$
DECLARE
	from_ bigint;
	last bigint;
	t record;
	done record;
BEGIN
	new := 0;
	refused := 0;
	INSERT INTO kafka_offset VALUES (topic_, partition_, 0)
		ON CONFLICT DO NOTHING;
	SELECT next INTO from_ FROM kafka_offset WHERE topic = topic_
		AND partition = partition_ FOR UPDATE;
	FOR t IN SELECT split_part(p.part[2], '/', 1) AS name, max(s.site) AS site,
		max(p.part[1]::bigint) AS last,
		array_agg(p.part[3] ORDER BY p.part[1]::bigint) AS records
		FROM string_to_table(lines, E'\n') AS l, regexp_match(l,
		'^(\d+)\t([^\t]*)\t(.*)$') AS p(part)
		LEFT JOIN site AS s ON s.site = split_part(p.part[2], '/', 1)
		WHERE p.part[1]::bigint >= from_ GROUP BY 1 ORDER BY 1 LOOP
		last := greatest(last, t.last);
		PERFORM lock_site(t.site);
		IF NOT EXISTS (SELECT FROM site AS s WHERE s.site = t.site) THEN
			INSERT INTO refused SELECT t.name, md5(r), now(),
				'there is no such site', r
				FROM unnest(t.records) AS r
				ON CONFLICT DO NOTHING;
			refused := refused + cardinality(t.records);
			CONTINUE;
		END IF;
		SELECT * INTO done FROM take_good(t.site, t.records);
		new := new + done.new;
		refused := refused + done.refused;
		UPDATE site AS s SET seen = now(), batches = s.batches + 1,
			rows = s.rows + done.new WHERE s.site = t.site;
	END LOOP;
	UPDATE kafka_offset SET next = last + 1 WHERE topic = topic_
		AND partition = partition_ AND last IS NOT NULL;
END $$;

-- Take the records of types that have tables since an upgrade, and the counters
-- that an older centre has kept. Lines of sites that are removed meanwhile make
-- no rows.
CREATE OR REPLACE FUNCTION sort_other() RETURNS bigint
LANGUAGE plpgsql SET search_path = hm, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	site_ text;
	lines text[];
	n bigint := 0;
BEGIN
	FOR site_ IN SELECT DISTINCT site FROM other JOIN site USING (site)
		ORDER BY 1 LOOP
		PERFORM lock_site(site_);
		WITH gone AS (DELETE FROM other AS o WHERE o.site = site_
			AND EXISTS (SELECT FROM site AS s WHERE s.site = site_)
			AND (o.type = 'stats' OR EXISTS (SELECT FROM pg_proc
			WHERE pronamespace = 'hm'::regnamespace
			AND proname = 'take_' || o.type)) RETURNING o.record)
			SELECT array_agg(record::text) INTO lines FROM gone;
		n := n + (take_good(site_, lines)).new;
	END LOOP;
	RETURN n;
END $$;

-- Try refused lines again, once what was wrong here has been put right.
CREATE OR REPLACE FUNCTION retry_refused() RETURNS bigint
LANGUAGE plpgsql SET search_path = hm, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	site_ text;
	lines text[];
	n bigint := 0;
BEGIN
	FOR site_ IN SELECT DISTINCT site FROM refused JOIN site USING (site)
		ORDER BY 1 LOOP
		PERFORM lock_site(site_);
		WITH gone AS (DELETE FROM refused AS r WHERE r.site = site_
			AND EXISTS (SELECT FROM site AS s WHERE s.site = site_)
			RETURNING r.line)
			SELECT array_agg(line) INTO lines FROM gone;
		n := n + (take_good(site_, lines)).new;
	END LOOP;
	RETURN n;
END $$;

-- Sites, for whoever runs the centre

-- A new key, which is shown only here. Older ones stay until drop_old_keys.
CREATE OR REPLACE FUNCTION add_key(site_ text) RETURNS text
LANGUAGE plpgsql SET search_path = hm, pg_temp AS $$
DECLARE key text := replace(gen_random_uuid()::text
	|| gen_random_uuid()::text, '-', '');
BEGIN
	INSERT INTO site_key (site, sha256)
		VALUES (site_, sha256(convert_to(key, 'UTF8')));
	RETURN key;
END $$;

-- The function of an older centre would be another one.
DROP FUNCTION IF EXISTS add_site(text, text);
CREATE OR REPLACE FUNCTION add_site(site_ text, timezone_ text DEFAULT 'UTC',
	reset_hour_ integer DEFAULT 0)
RETURNS text LANGUAGE plpgsql SET search_path = hm, pg_temp AS $$
BEGIN
	PERFORM now() AT TIME ZONE timezone_;
	INSERT INTO site (site, timezone, reset_hour)
		VALUES (site_, timezone_, reset_hour_);
	RETURN add_key(site_);
END $$;

CREATE OR REPLACE FUNCTION drop_old_keys(site_ text) RETURNS bigint
LANGUAGE plpgsql SET search_path = hm, pg_temp AS $$
DECLARE n bigint;
BEGIN
	DELETE FROM site_key AS k WHERE site = site_ AND added < (SELECT
		max(added) FROM site_key WHERE site = site_);
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;

-- The site, its keys, and every row of it in every table of this schema.
CREATE OR REPLACE FUNCTION remove_site(site_ text) RETURNS bigint
LANGUAGE plpgsql SET search_path = hm, pg_temp AS $$
DECLARE
	t text;
	n bigint := 0;
	gone bigint;
BEGIN
	PERFORM lock_site(site_);
	DELETE FROM site WHERE site = site_;
	FOR t IN SELECT c.table_name FROM information_schema.columns AS c
		JOIN pg_class AS p ON p.oid = format('hm.%I', c.table_name)
		::regclass AND NOT p.relispartition AND p.relkind IN ('r', 'p')
		WHERE c.table_schema = 'hm' AND c.column_name = 'site'
		ORDER BY 1 LOOP
		EXECUTE format('DELETE FROM %I WHERE site = $1', t) USING site_;
		GET DIAGNOSTICS gone = ROW_COUNT;
		n := n + gone;
	END LOOP;
	RETURN n;
END $$;
