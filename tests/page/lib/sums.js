"use strict";
// What the page must show, computed from the tables of the database: energies
// in Wh. The views and the API have their own SQL.
const { TODAY, sql } = require("./stage.js");

// The days: their energy, and what the meter counted, if it did so on the day
// before, too.
const DAYS = `SELECT day, sum(today_production) AS made, given, taken,
	max(sum(today_production) - given, 0) AS own
	FROM port_daily LEFT JOIN (SELECT a.day,
	a.energy_export - b.energy_export AS given,
	a.energy_import - b.energy_import AS taken
	FROM meter_daily AS a JOIN meter_daily AS b
	ON b.day = date(a.day, '-1 day')) USING (day)
	WHERE day <= '${TODAY}' GROUP BY day`;

// The days, months or years, by the length of their names.
function sums(database, length) {
	return sql(database, `SELECT substr(day, 1, ${length}) AS name,
		count(made) AS days, sum(made) AS made, sum(own) AS own,
		sum(given) AS given, sum(taken) AS taken FROM (${DAYS})
		GROUP BY 1 ORDER BY 1`);
}

// The same of an input, which has no meter.
function sumsOfInput(database, length, serial, port) {
	return sql(database, `SELECT substr(day, 1, ${length}) AS name,
		count(today_production) AS days, sum(today_production) AS made
		FROM port_daily WHERE serial = '${serial}' AND port = ${port}
		AND day <= '${TODAY}' GROUP BY 1 ORDER BY 1`);
}

const yearBefore = name => String(name.slice(0, 4) - 1) + name.slice(4);

// The rows whose names begin with `span`, with those of the year before. A row
// of which only that is known is a row, too. All years have none before.
function ofSpan(rows, span) {
	const all = new Map(rows.map(row => [row.name, row]));
	if (!span)
		return rows;
	const names = new Set(rows.flatMap(({ name }) => [name,
		String(+name.slice(0, 4) + 1) + name.slice(4)]));
	return [...names].filter(name => name.startsWith(span)).sort().map(
		name => ({ name, ...all.get(name),
		then: all.get(yearBefore(name))?.made ?? null }));
}

// What the inputs gave in the last days, and from the beginning of the month
// and of the year.
function inputs(database, days) {
	return sql(database, `SELECT dtu, serial, port, sum(iif(day >
		date('${TODAY}', '-${days} days'), today_production, 0))
		AS energy,
		sum(iif(day >= substr('${TODAY}', 1, 7), today_production, 0))
		AS month, sum(iif(day >= substr('${TODAY}', 1, 4),
		today_production, 0)) AS year FROM port_daily
		WHERE day <= '${TODAY}' GROUP BY 1, 2, 3`);
}

function median(list) {
	const sorted = [...list].sort((a, b) => a - b), n = sorted.length;
	return n ? (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2 : null;
}

// Its energy in the median of the DTU's other inputs that gave any.
function shareOf(input, all) {
	const others = median(all.filter(o => o.dtu === input.dtu &&
		o !== input && o.energy > 0).map(o => o.energy));
	return others ? input.energy / others : null;
}

module.exports = { inputs, ofSpan, shareOf, sums, sumsOfInput };
