-- Keys of readings, hours and days for which this centre has no column yet, because
-- the site runs a newer hm: kept in `more` until an upgrade adds their columns.
CREATE TABLE IF NOT EXISTS more (
	site text NOT NULL, type text NOT NULL, dtu text NOT NULL, serial text,
	port integer, time timestamptz NOT NULL, data jsonb NOT NULL,
	UNIQUE NULLS NOT DISTINCT (site, type, dtu, serial, port, time));

-- The keys that this hm knows: columns of the table, fields of the kind, and the
-- energies of an inverter, which are the sums of its inputs and have no column
CREATE OR REPLACE FUNCTION keys_known(table_ text) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT name FROM field
		WHERE kind = regexp_replace(table_, '_(hourly|daily)$', '')
		UNION SELECT attname
		FROM pg_attribute WHERE attrelid = table_::regclass AND attnum > 0
		AND NOT attisdropped UNION SELECT unnest('{type,time,removed,
		missing_parts}'::text[]) UNION SELECT unnest('{today_production,
		total_production}'::text[]) WHERE table_ = 'inverter' ORDER BY 1)
$$;

-- Keep the unknown keys of lines of a type, which have been stored.
CREATE OR REPLACE FUNCTION keep_more(site_ text, type_ text, known text[],
	lines text[]) RETURNS void LANGUAGE sql AS $$
	INSERT INTO more AS o SELECT DISTINCT ON (dtu, serial, port, time)
		site_, type_, j->>'dtu' AS dtu, j->>'serial' AS serial,
		(j->>'port')::integer AS port,
		(j->>'time')::timestamptz AS time, j - known
		FROM unnest(lines) WITH ORDINALITY AS l(line, number),
		LATERAL (SELECT line::jsonb AS j OFFSET 0) AS p
		WHERE j - known <> '{}'
		ORDER BY dtu, serial, port, time, number DESC
		ON CONFLICT (site, type, dtu, serial, port, time) DO UPDATE
		SET data = excluded.data WHERE o.data <> excluded.data
$$;

-- Move what has a column by now into it. A latest row gets it with its next reading,
-- hours and days by the next roll_up.
-- A value that does not fit its column stops its site and type only.
CREATE OR REPLACE FUNCTION sort_more() RETURNS bigint
LANGUAGE plpgsql SET search_path = hm, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	t record;
	n bigint := 0;
	moved bigint;
BEGIN
	FOR t IN SELECT m.type, m.site, k.keys, CASE WHEN m.type = k.name
		THEN 'time' WHEN m.type = k.name || '_daily' THEN 'day'
		ELSE 'hour' END AS moment, array_agg(DISTINCT key) AS columns
		FROM more AS m JOIN kind AS k ON m.type IN (k.name,
		k.name || '_hourly', k.name || '_daily'),
		jsonb_object_keys(m.data) AS key
		WHERE EXISTS (SELECT FROM pg_attribute WHERE attname = key
		AND attrelid = m.type::regclass AND attnum > 0
		AND NOT attisdropped)
		GROUP BY 1, 2, 3, 4 ORDER BY 1, 2 LOOP
	BEGIN
		EXECUTE format('UPDATE %I AS o SET %s FROM more AS m, '
			'jsonb_populate_record(NULL::%1$I, m.data) AS r '
			'WHERE m.type = %3$L AND m.site = %4$L '
			'AND o.site = m.site AND %5$s AND o.%6$I = m.time',
			t.type, (SELECT string_agg(format(
			'%I = coalesce(o.%1$I, r.%1$I)', c), ', ')
			FROM unnest(t.columns) AS c), t.type, t.site,
			(SELECT string_agg(format('o.%I = m.%1$I', key), ' AND ')
			FROM unnest(t.keys) AS key), t.moment);
		GET DIAGNOSTICS moved = ROW_COUNT;
		INSERT INTO rollup_due SELECT DISTINCT site,
			date_bin('1 hour', time, '1970-01-01Z') FROM more
			WHERE type = t.type AND site = t.site
			AND t.moment <> 'day'
			ORDER BY 2 ON CONFLICT DO NOTHING;
		UPDATE more SET data = data - t.columns
			WHERE type = t.type AND site = t.site;
		n := n + moved;
	EXCEPTION WHEN data_exception THEN
		RAISE WARNING 'hm.sort_more: % of the site % is left out: %',
			t.type, t.site, SQLERRM;
	END;
	END LOOP;
	DELETE FROM more WHERE data = '{}';
	RETURN n;
END $$;
