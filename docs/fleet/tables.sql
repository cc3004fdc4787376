-- The tables of readings, of the last readings, of hours and of days, and the
-- functions that fill them: made of the rows of kind and field. A column that
-- is younger than its table is added to it.

-- The columns of a table, but for site, keys and time
CREATE OR REPLACE FUNCTION columns_of(k kind, suffix text)
RETURNS TABLE (name text, type text) LANGUAGE sql STABLE AS $$
	WITH table_ AS (SELECT suffix IN ('', '_latest') AS is_single)
	SELECT c.name, c.type FROM table_, LATERAL (
		SELECT 0 AS part, 0 AS place, 'serial' AS name, 'text' AS type
			WHERE 'serial' <> ALL (k.keys)
		UNION ALL SELECT 1, 0, k.own, 'bigint'
			WHERE is_single AND k.own IS NOT NULL
		UNION ALL SELECT 2, 0, 'stale', 'boolean' WHERE is_single
		UNION ALL SELECT 2, 0, 'samples', 'bigint' WHERE NOT is_single
		UNION ALL SELECT 3, 0, 'filled', 'boolean' WHERE NOT is_single
		UNION ALL SELECT 4, f.place * 4, f.name, CASE f.form
			WHEN 'gauge' THEN 'double precision'
			WHEN 'flag' THEN 'boolean' WHEN 'label' THEN 'text'
			WHEN 'moment' THEN 'timestamptz' ELSE 'bigint' END
			FROM field AS f WHERE f.kind = k.name AND (is_single
			OR f.form IN ('daily', 'counter'))
		UNION ALL SELECT 4, f.place * 4 + p.place, f.name || p.part,
			p.type FROM field AS f, (VALUES (0, '_count', 'bigint'),
			(1, '_avg', 'double precision'),
			(2, '_min', 'double precision'),
			(3, '_max', 'double precision')) AS p(place, part, type)
			WHERE f.kind = k.name AND f.form = 'gauge'
			AND NOT is_single) AS c
	ORDER BY c.part, c.place
$$;

-- make_table(KIND, SUFFIX, MOMENT, its type, whether there is one table a month)
CREATE OR REPLACE FUNCTION make_table(k kind, suffix text, moment text,
	type text, is_parted boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	table_ text := k.name || suffix;
	keys text := array_to_string(k.keys, ', ');
BEGIN
	EXECUTE format('CREATE TABLE IF NOT EXISTS %I (site text NOT NULL, '
		'%s, %I %s NOT NULL CHECK (isfinite(%3$I)), '
		'PRIMARY KEY (site, %5$s%6$s)) %7$s', table_,
		(SELECT string_agg(format('%I %s NOT NULL', key, CASE key
			WHEN 'port' THEN 'integer' ELSE 'text' END), ', ')
			FROM unnest(k.keys) AS key), moment, type, keys,
		CASE suffix WHEN '_latest' THEN '' ELSE ', ' || moment END,
		CASE WHEN is_parted THEN format('PARTITION BY RANGE (%I)',
			moment) ELSE '' END);
	EXECUTE format('ALTER TABLE %I ', table_) || (SELECT string_agg(
		format('ADD COLUMN IF NOT EXISTS %I %s', c.name, c.type), ', ')
		FROM columns_of(k, suffix) AS c);
	IF is_parted THEN
		-- Readings of 1970, and of months that have no partition
		EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I '
			'DEFAULT', table_ || '_default', table_);
		EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I '
			'USING brin (%I)', table_ || '_' || moment, table_,
			moment);
	END IF;
END $$;

-- Of an older centre
DROP FUNCTION IF EXISTS fullest(text[]);

-- New readings, the last one of each device, and the hours that are to be made
-- again. A reading from the future is of a wrong clock, and is never the last. Most
-- batches hold nothing that is there already: so with many lines that is only looked
-- for after an attempt without has failed. If lines have more keys than their rows have
-- values (the site stands for the type), all are searched for keys that are not known: a
-- newer hm writes more of them.
CREATE OR REPLACE FUNCTION make_take(k kind) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	keys text := array_to_string(k.keys, ', ');
	columns text := (SELECT string_agg(name, ', ')
		FROM columns_of(k, '_latest'));
	updates text := (SELECT string_agg(
		format('%I = excluded.%1$I', name), ', ')
		FROM columns_of(k, '_latest'));
	add text := format($f$
		WITH added AS (INSERT INTO %1$s (site, %2$s, time, %3$s)
			SELECT site_, %5$s, (r).time, %6$s FROM %%s
			RETURNING *),
		last AS (INSERT INTO %1$s_latest AS l (site, %2$s, time, %3$s)
			SELECT site, %2$s, time, %3$s FROM added
			WHERE (%2$s, time) IN (SELECT %2$s, max(time) FROM added
			WHERE time < now() + interval '10 minutes' GROUP BY %2$s)
			ORDER BY %2$s
			ON CONFLICT (site, %2$s) DO UPDATE
			SET time = excluded.time, %4$s
			WHERE excluded.time > l.time),
		hours AS (INSERT INTO rollup_due SELECT DISTINCT site_,
			date_bin('1 hour', time, '1970-01-01Z') FROM added
			ORDER BY 2 ON CONFLICT DO NOTHING)
		SELECT count(*), sum(num_nonnulls(site, %2$s, time, %3$s))
			IS DISTINCT FROM (SELECT sum(octet_length(line)
			- octet_length(replace(line, '":', ''))) / 2
			FROM unnest(lines) AS line) INTO n, newer FROM added;$f$,
		k.name, keys, columns, updates,
		'(r).' || array_to_string(k.keys, ', (r).'),
		'(r).' || replace(columns, ', ', ', (r).'));
	-- Which is faster depends on the number of lines. OFFSET 0 keeps the
	-- subquery, which parses a line once.
	of_few text := format('unnest(lines) AS l, json_populate_record('
		'NULL::%s, l::json) AS r ON CONFLICT DO NOTHING', k.name);
	of_many text := format('(SELECT json_populate_record(NULL::%s, l::json) '
		'AS r FROM (SELECT unnest(lines) AS l) AS u OFFSET 0) AS p',
		k.name);
BEGIN
	EXECUTE format($f$
CREATE OR REPLACE FUNCTION take_%1$s(site_ text, lines text[]) RETURNS bigint
LANGUAGE plpgsql AS $body$
DECLARE
	n bigint;
	newer boolean;
BEGIN
	IF cardinality(lines) < 100 THEN%3$s
	ELSE BEGIN%2$s
	EXCEPTION WHEN unique_violation THEN%3$s
	END; END IF;
	IF newer THEN
		PERFORM keep_more(site_, %1$L, %4$L, lines);
	END IF;
	RETURN n;
END $body$ $f$, k.name, format(add, of_many), format(add, of_few),
		keys_known(k.name));
END $$;

-- Hours and days that were made at the site: a later one replaces an earlier,
-- unless it is made of fewer readings, as that of an older copy of hm.db. What was
-- filled without readings may be removed.
CREATE OR REPLACE FUNCTION make_take_sums(k kind, suffix text, moment text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	keys text := array_to_string('{site}' || k.keys || moment, ', ');
	updates text := (SELECT string_agg(
		format('%I = excluded.%1$I', name), ', ')
		FROM columns_of(k, suffix));
BEGIN
	EXECUTE format($f$
CREATE OR REPLACE FUNCTION take_%1$s(site_ text, lines text[]) RETURNS bigint
LANGUAGE plpgsql AS $body$
DECLARE
	n bigint;
	newer boolean;
BEGIN
	WITH last AS (SELECT DISTINCT ON (%2$s) r, j, p.removed
		FROM unnest(lines) WITH ORDINALITY AS l(line, number),
		LATERAL (SELECT line::jsonb AS j OFFSET 0) AS q,
		LATERAL (SELECT j ? 'removed' AS removed) AS p,
		jsonb_populate_record(NULL::%1$s, j
		|| jsonb_build_object('site', site_)) AS r
		ORDER BY %2$s, number DESC),
	gone AS (DELETE FROM %1$s AS o USING last WHERE removed
		AND o.samples = 0 AND (%5$s) = (%6$s)),
	stored AS (INSERT INTO %1$s AS o SELECT (r).* FROM last
		WHERE NOT removed
		ON CONFLICT (%2$s) DO UPDATE SET %3$s
		WHERE excluded.samples >= o.samples
		AND o.* IS DISTINCT FROM excluded.* RETURNING 1)
	SELECT (SELECT count(*) FROM stored), bool_or(j - %4$L::text[] <> '{}')
		INTO n, newer FROM last;
	IF newer THEN
		PERFORM keep_more(site_, %1$L, %4$L, lines);
	END IF;
	RETURN n;
END $body$ $f$, k.name || suffix, keys, updates, keys_known(k.name || suffix),
		'o.' || replace(keys, ', ', ', o.'),
		'(r).' || replace(keys, ', ', ', (r).'));
END $$;

-- Days as in hm.db: named after the date in which most of them lies.
CREATE OR REPLACE FUNCTION day_shift(reset_hour integer) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$
	SELECT make_interval(hours => (reset_hour + 11) % 24 - 11)
$$;
CREATE OR REPLACE FUNCTION day_of(moment timestamptz, zone text,
	reset_hour integer) RETURNS date LANGUAGE sql IMMUTABLE AS $$
	SELECT (moment AT TIME ZONE zone - hm.day_shift(reset_hour))::date
$$;

-- Hours of a site from its readings, and days from their hours. Keys of the
-- latest table lead to the readings of an hour without reading a whole month.
-- What was made of as many readings stays: the site may have made it, and it
-- knows more of a day. So do hours whose readings have been dropped. But values
-- that a row lacks are added: their column may be younger than the row.
CREATE OR REPLACE FUNCTION make_roll(k kind) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	keys text := array_to_string(k.keys, ', ');
	columns text := (SELECT string_agg(name, ', ')
		FROM columns_of(k, '_hourly') WHERE name <> 'serial');
	updates text := 'samples = excluded.samples, filled = CASE WHEN '
		'excluded.samples > o.samples THEN excluded.filled ELSE '
		'o.filled END' || coalesce(', ' || (SELECT string_agg(CASE form
		WHEN 'gauge' THEN (SELECT string_agg(format('%I = CASE WHEN '
			'excluded.samples > o.samples OR coalesce(o.%2$I, 0) '
			'= 0 THEN excluded.%1$I ELSE o.%1$I END', name || part,
			name || '_count'), ', ') FROM unnest('{_count,_avg,
			_min,_max}'::text[]) AS part)
		ELSE format('%I = CASE WHEN excluded.samples > o.samples OR '
			'o.%1$I IS NULL THEN excluded.%1$I ELSE o.%1$I END',
			name) END, ', ' ORDER BY place)
		FROM field WHERE kind = k.name
		AND form IN ('gauge', 'daily', 'counter')), '');
	of_readings text := coalesce(', ' || (SELECT string_agg(CASE form
		WHEN 'gauge' THEN format('count(r.%I), '
			'round(avg(r.%1$I)::numeric, 3), '
			'min(r.%1$I), max(r.%1$I)', name)
		ELSE format('max(r.%I)', name) END, ', ' ORDER BY place)
		FROM field WHERE kind = k.name
		AND form IN ('gauge', 'daily', 'counter')), '');
	of_hours text := coalesce(', ' || (SELECT string_agg(CASE form
		WHEN 'gauge' THEN format('sum(r.%I_count), '
			'round((sum(r.%1$I_avg * r.%1$I_count) / '
			'nullif(sum(r.%1$I_count), 0))::numeric, 3), '
			'min(r.%1$I_min), max(r.%1$I_max)', name)
		ELSE format('max(r.%I)', name) END, ', ' ORDER BY place)
		FROM field WHERE kind = k.name
		AND form IN ('gauge', 'daily', 'counter')), '');
BEGIN
	EXECUTE format($f$
CREATE OR REPLACE FUNCTION roll_hours_%1$s(site_ text, hours timestamptz[])
RETURNS void LANGUAGE sql AS $body$
	INSERT INTO %1$s_hourly AS o (site, %2$s, hour, %3$s)
		SELECT site_, %2$s, h.hour, count(*), false%5$s
		FROM unnest(hours) AS h(hour), %1$s_latest AS l
		JOIN %1$s AS r USING (site, %2$s)
		WHERE l.site = site_ AND r.time >= h.hour
		AND r.time < h.hour + interval '1 hour' AND r.stale IS NOT TRUE
		GROUP BY %2$s, h.hour
		ON CONFLICT (site, %2$s, hour) DO UPDATE SET %4$s
		WHERE excluded.samples >= o.samples
$body$ $f$, k.name, keys, columns, updates, of_readings);
	EXECUTE format($f$
CREATE OR REPLACE FUNCTION roll_days_%1$s(site_ text, days date[], zone text)
RETURNS void LANGUAGE sql AS $body$
	INSERT INTO %1$s_daily AS o (site, %2$s, day, %3$s)
		SELECT site_, %2$s, d.day, sum(r.samples), bool_or(r.filled)%5$s
		FROM unnest(days) AS d(day), site AS s, %1$s_latest AS l
		JOIN %1$s_hourly AS r USING (site, %2$s)
		WHERE s.site = site_ AND l.site = site_
		AND day_of(r.hour, zone, s.reset_hour) = d.day
		AND r.hour >= (d.day + day_shift(s.reset_hour))
		AT TIME ZONE zone - interval '1 hour'
		AND r.hour < (d.day + 1 + day_shift(s.reset_hour))
		AT TIME ZONE zone + interval '1 hour'
		GROUP BY %2$s, d.day
		ON CONFLICT (site, %2$s, day) DO UPDATE SET %4$s
		WHERE excluded.samples >= o.samples
$body$ $f$, k.name, keys, columns, updates, of_hours);
END $$;

DO $$
DECLARE k kind;
BEGIN
	FOR k IN SELECT * FROM kind ORDER BY place LOOP
		PERFORM make_table(k, '', 'time', 'timestamptz', true),
			make_table(k, '_latest', 'time', 'timestamptz', false),
			make_table(k, '_hourly', 'hour', 'timestamptz', true),
			make_table(k, '_daily', 'day', 'date', false),
			make_take(k), make_take_sums(k, '_hourly', 'hour'),
			make_take_sums(k, '_daily', 'day'), make_roll(k);
	END LOOP;
END $$;

-- Partitions: one a month of UTC. The rows of the month that are in the default
-- partition move into it. Tables in the order of their names, as hm.put writes
-- them, so that the two never wait for each other in a circle.
CREATE OR REPLACE FUNCTION make_partition(table_ text, moment text, month date)
RETURNS void LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
	part text := table_ || to_char(month, '_YYYY_MM');
	start timestamptz := month;
	stop timestamptz := month + interval '1 month';
BEGIN
	IF to_regclass(part) IS NOT NULL THEN
		RETURN;
	END IF;
	EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, table_);
	EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE',
		table_ || '_default');
	EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L '
		'AND %2$I < %4$L RETURNING *) INSERT INTO %5$I '
		'SELECT * FROM moved', table_ || '_default', moment, start,
		stop, part);
	EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES '
		'FROM (%L) TO (%L)', table_, part, start, stop);
END $$;

-- upkeep(): make the partitions of this month, of the next one and of every
-- month since 2015 that has rows in a default partition. hm.put calls it when
-- the next month has none.
CREATE OR REPLACE FUNCTION upkeep() RETURNS void
LANGUAGE plpgsql SET search_path = hm, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	t record;
	month date;
BEGIN
	FOR t IN SELECT k.name || f.suffix AS name, f.moment
		FROM kind AS k, (VALUES ('', 'time'), ('_hourly', 'hour'))
		AS f(suffix, moment) ORDER BY 1 LOOP
		FOR month IN EXECUTE format('SELECT DISTINCT '
			'date_trunc(''month'', %I) FROM %I '
			'WHERE %1$I >= ''2015-01-01'' AND %1$I < now() + '
			'interval ''2 months'' UNION SELECT date_trunc('
			'''month'', now()) UNION SELECT date_trunc('
			'''month'', now() + interval ''1 month'') ORDER BY 1',
			t.moment, t.name || '_default') LOOP
			PERFORM make_partition(t.name, t.moment, month);
		END LOOP;
	END LOOP;
END $$;

-- drop_before(MOMENT): remove the months of readings that end before it. Hours
-- and days stay.
CREATE OR REPLACE FUNCTION drop_before(moment timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = hm, pg_temp SET timezone = 'UTC' AS $$
DECLARE part text;
BEGIN
	FOR part IN SELECT c.relname FROM kind AS k
		JOIN pg_inherits AS i ON i.inhparent = k.name::regclass
		JOIN pg_class AS c ON c.oid = i.inhrelid
		WHERE c.relname ~ '_\d{4}_\d\d$' AND to_date(
			right(c.relname, 7), 'YYYY_MM') + interval '1 month'
			<= moment ORDER BY 1 LOOP
		EXECUTE format('DROP TABLE %I', part);
		RETURN NEXT part;
	END LOOP;
END $$;

-- Two batches of a site wait for each other, and for roll_site: so neither misses
-- what the other is about to commit.
CREATE OR REPLACE FUNCTION lock_site(site_ text) RETURNS void LANGUAGE sql AS $$
	SELECT pg_advisory_xact_lock(1752006001, hashtext(site_))
$$;

-- CALL hm.roll_up(): make the hours and days that have new readings, a site at
-- a time. While that lasts hm.put waits with rows of the site. Values that are
-- too large for a sum stop their site only. rollup_due has hours of UTC; hours of
-- a site are those of its clock, as in its hm.db, so that in zones with half hours
-- an hour of UTC has parts of two.
CREATE OR REPLACE FUNCTION roll_site(site_ text) RETURNS void
LANGUAGE plpgsql SET search_path = hm, pg_temp AS $$
DECLARE
	zone text;
	reset integer;
	k text;
	hours timestamptz[];
	days date[];
BEGIN
	PERFORM lock_site(site_);
	SELECT timezone, reset_hour INTO zone, reset FROM site
		WHERE site = site_;
	WITH gone AS (DELETE FROM rollup_due WHERE site = site_ RETURNING hour),
	local AS (SELECT DISTINCT date_trunc('hour', hour + late, zone) AS hour
		FROM gone, (VALUES (interval '0'), (interval '59 min')) AS v(late))
	SELECT array_agg(hour ORDER BY hour), array_agg(DISTINCT
		day_of(hour, zone, reset)) INTO hours, days FROM local;
	FOR k IN SELECT name FROM kind ORDER BY name LOOP
		EXECUTE format('SELECT roll_hours_%s($1, $2)', k)
			USING site_, hours;
		EXECUTE format('SELECT roll_days_%s($1, $2, $3)', k)
			USING site_, days, zone;
	END LOOP;
END $$;

CREATE OR REPLACE PROCEDURE roll_up() LANGUAGE plpgsql AS $$
DECLARE site_ text;
BEGIN
	FOR site_ IN SELECT DISTINCT site FROM hm.rollup_due ORDER BY 1 LOOP
		BEGIN
			PERFORM hm.roll_site(site_);
		EXCEPTION WHEN data_exception THEN
			RAISE WARNING 'hm.roll_up: the site % is left out: %',
				site_, SQLERRM;
		END;
		COMMIT;
	END LOOP;
END $$;

SELECT upkeep() \g /dev/null
