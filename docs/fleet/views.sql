-- Views. Those that hm.db has, too, have its names and columns, and the site
-- before them.
DROP VIEW IF EXISTS latest, inverters, daily_production, grid_energy,
	plant_days, months, years, outages, alarms, orders, fleet;

CREATE VIEW latest AS SELECT site, time, dtu, serial, port, pv_power,
	pv_voltage, pv_current, today_production, total_production
	FROM port_latest;

CREATE VIEW inverters AS SELECT site, dtu, serial, model, time AS last_seen,
	grid_voltage, grid_frequency, active_power, temperature,
	operating_status, link_status, alarm_code FROM inverter_latest;

CREATE VIEW daily_production AS SELECT site, day, dtu, serial, port,
	today_production AS energy, pv_power_max AS peak_power FROM port_daily;

CREATE VIEW grid_energy AS SELECT site, day, dtu, serial,
	energy_import - lag(energy_import) OVER meters AS taken,
	energy_export - lag(energy_export) OVER meters AS given,
	day - lag(day) OVER meters AS days FROM meter_daily
	WINDOW meters AS (PARTITION BY site, dtu, serial ORDER BY day);

CREATE VIEW plant_days AS
	SELECT site, day, round(made / 1000, 3) AS kwh,
	round(given / 1000, 3) AS given_kwh, round(taken / 1000, 3) AS taken_kwh,
	CASE WHEN given IS NOT NULL THEN
	round(greatest(made - given, 0) / 1000, 3) END AS own_kwh
	FROM (SELECT site, day, sum(energy) AS made FROM daily_production
	GROUP BY 1, 2) AS p FULL JOIN (SELECT site, day, sum(given) AS given,
	sum(taken) AS taken FROM grid_energy WHERE days = 1 GROUP BY 1, 2) AS g
	USING (site, day);

CREATE VIEW months AS SELECT site, to_char(day, 'YYYY-MM') AS month,
	count(kwh) AS days, sum(kwh) AS kwh, round(avg(kwh), 3) AS kwh_a_day,
	sum(given_kwh) AS given_kwh, sum(taken_kwh) AS taken_kwh,
	sum(own_kwh) AS own_kwh FROM plant_days GROUP BY 1, 2;

CREATE VIEW years AS SELECT site, to_char(day, 'YYYY') AS year,
	count(kwh) AS days, sum(kwh) AS kwh, round(avg(kwh), 3) AS kwh_a_day,
	sum(given_kwh) AS given_kwh, sum(taken_kwh) AS taken_kwh,
	sum(own_kwh) AS own_kwh FROM plant_days GROUP BY 1, 2;

CREATE VIEW outages AS SELECT site, dtu, time AS start, back AS "end",
	extract(epoch FROM back - time)::bigint AS seconds,
	(SELECT string_agg(error, ', ' ORDER BY first) FROM (SELECT e.error,
	min(e.time) AS first FROM status AS e WHERE e.site = gone.site
	AND e.dtu = gone.dtu AND e.time >= gone.time
	AND (back IS NULL OR e.time < back) GROUP BY 1) AS e) AS errors
	FROM (SELECT site, dtu, time, state, lead(time) OVER dtus AS back
	FROM (SELECT site, dtu, time, state, lag(state) OVER dtus AS before
	FROM status WINDOW dtus AS (PARTITION BY site, dtu ORDER BY time)) AS s
	WHERE state IS DISTINCT FROM before
	WINDOW dtus AS (PARTITION BY site, dtu ORDER BY time)) AS gone
	WHERE state = 'offline';

CREATE VIEW alarms AS SELECT site, start, "end",
	extract(epoch FROM "end" - start)::bigint AS seconds, dtu, serial, port,
	coalesce(alert, code::text) AS what, text FROM alarm;

-- A result without a command, because it was refused early, is a row, too.
CREATE VIEW orders AS SELECT c.site, c.time, c.id, c.dtu, c.serial, c.action,
	c.percent, c.watts, c.source, r.state, r.error, r.text,
	CASE r.stage WHEN 3 THEN greatest(
	extract(epoch FROM r.time - c.time), 0)::bigint END AS seconds
	FROM (SELECT site, id, time, dtu, serial, action, percent, watts, source
	FROM commands UNION ALL SELECT DISTINCT ON (site, id) site, id, time,
	dtu, serial, action, NULL::double precision, NULL::double precision,
	NULL FROM results AS alone WHERE NOT EXISTS (SELECT 1 FROM commands AS k
	WHERE k.site = alone.site AND k.id = alone.id)) AS c
	LEFT JOIN LATERAL (SELECT * FROM results AS x WHERE x.site = c.site
	AND x.id = c.id ORDER BY x.stage DESC LIMIT 1) AS r ON true;

-- Every site: when it was heard, whether it is late, and what is wrong with it
CREATE VIEW fleet AS SELECT s.site, s.seen, r.last_reading,
	coalesce(now() - s.seen > s.expected, true) AS late, r.dtus,
	o.offline, a.alarms, r.pv_power, r.today_production,
	r.total_production, (SELECT count(*) FROM refused AS f
	WHERE f.site = s.site) AS refused
	FROM site AS s
	LEFT JOIN LATERAL (SELECT count(*) AS dtus, max(time) AS last_reading,
	sum(pv_power) FILTER (WHERE time > now() - s.expected) AS pv_power,
	sum(today_production) FILTER (WHERE
	day_of(time, s.timezone, s.reset_hour)
	= day_of(now(), s.timezone, s.reset_hour)) AS today_production,
	sum(total_production) AS total_production
	FROM dtu_latest AS d WHERE d.site = s.site) AS r ON true
	LEFT JOIN LATERAL (SELECT array_agg(dtu ORDER BY dtu) AS offline
	FROM (SELECT DISTINCT ON (dtu) dtu, state FROM status AS x
	WHERE x.site = s.site ORDER BY dtu, time DESC) AS last
	WHERE state = 'offline') AS o ON true
	LEFT JOIN LATERAL (SELECT array_agg(concat_ws(' ', dtu, serial,
	coalesce(text, alert, code::text)) ORDER BY start) AS alarms
	FROM alarm AS y WHERE y.site = s.site AND y."end" IS NULL) AS a ON true;
