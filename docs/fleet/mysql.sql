-- The table into which pipelines/to-mysql writes, for MariaDB 10.11 or later:
--   mariadb hm <mysql.sql
-- A record is a row; a record that comes again is none. A line that is not JSON
-- is left out by the CHECK that MariaDB puts on the type.
CREATE TABLE IF NOT EXISTS hm_record (
	site VARCHAR(64) NOT NULL,
	hash BINARY(32) NOT NULL,
	record JSON NOT NULL,
	type VARCHAR(32) AS (json_value(record, '$.type')) STORED,
	time DATETIME AS (str_to_date(json_value(record, '$.time'),
		'%Y-%m-%dT%H:%i:%sZ')) STORED,
	dtu VARCHAR(128) AS (json_value(record, '$.dtu')) STORED,
	serial VARCHAR(64) AS (json_value(record, '$.serial')) STORED,
	port INTEGER AS (json_value(record, '$.port')) STORED,
	PRIMARY KEY (site, hash),
	KEY readings (site, type, dtu, serial, port, time))
	CHARACTER SET utf8mb4;

-- Times are UTC.
CREATE OR REPLACE VIEW hm_port AS SELECT site, time, dtu, serial, port,
	CAST(json_value(record, '$.pv_power') AS DOUBLE) AS pv_power,
	CAST(json_value(record, '$.today_production') AS INTEGER)
	AS today_production,
	CAST(json_value(record, '$.total_production') AS INTEGER)
	AS total_production
	FROM hm_record WHERE type = 'port';
