"use strict";
// The states of a plant in which the page is looked at: what hm-metrics is
// told, and its settings. The devices are those of tests/lib/plant-years, so
// that they have a history.
const { NOW } = require("./stage.js");

const ago = seconds => new Date(NOW - seconds * 1000).toISOString().replace(
	/\.\d+/, "");
const ahead = seconds => ago(-seconds);
const serialOf = n => "1161" + String(n + 1).padStart(8, "0");

function online(dtu) {
	return { type: "status", dtu, state: "online", breaker: "closed",
		failures: 0, host: "192.168.1.20" };
}

function offline(dtu, more) {
	return { type: "status", dtu, state: "offline", breaker: "open",
		failures: 7, error: "timeout_connect", host: "192.168.1.21",
		text: "no connection within 5 s", hint: "the DTU is off (one " +
		"in an inverter is so at night), or a firewall is between",
		retry_at: ahead(600), ...more };
}

function inverter(dtu, n, watts, more) {
	const link = watts === null ? 0 : 1;
	const device = { dtu, serial: serialOf(n) };
	return [{ type: "inverter", ...device, model: "HM-1500",
		...link ? { grid_voltage: 231.4, grid_frequency: 50.01,
		active_power: Math.round(watts * 38) / 10, temperature: 41.5 } :
		{}, link_status: link, ...more },
	...[1, 2, 3, 4].map(port => ({ type: "port", ...device, port,
		...link ? { pv_voltage: 33.1, pv_current:
		Math.round((watts + port) / 0.331) / 100,
		pv_power: watts + port } : {},
		today_production: 1200 + n + port,
		total_production: 800000 + 100 * n + port,
		link_status: link }))];
}

function sum(dtu, inverters, watts) {
	return { type: "dtu", dtu, serial: "10f7" + "0".repeat(7) + dtu.length,
		took_ms: 300, model: "DTU-WLite", pv_power: watts,
		today_production: 4800 * inverters, total_production:
		3200000 * inverters, inverters, inverters_online: inverters };
}

function info(dtu) {
	return { type: "info", dtu, serial: "10f7" + "0".repeat(7) + dtu.length,
		kind: "dtu", model: "DTU-WLite", firmware: "V00.02.08",
		hardware: "H09.01.02", signal: 62, encrypted: false };
}

const meter = { type: "meter", dtu: "roof", serial: "37ff20000001",
	model: "DTSU666", power: -1510, energy_export: 412300,
	energy_import: 903100 };

// A hybrid inverter with a battery that is charged
function hybrid(serial, soc, watts) {
	const device = { dtu: "roof", serial };
	return [{ type: "inverter", ...device, active_power: 439 },
		{ type: "port", ...device, port: 1, pv_power: 439 + watts },
		{ type: "hybrid", ...device }, { type: "battery", ...device, soc,
			power: -watts },
		{ type: "grid", ...device, power: -277 },
		{ type: "load", ...device, power: 716 },
		{ type: "flow", ...device, pv_to_load: 439,
			pv_to_battery: watts, pv_to_grid: 0, battery_to_load: 0,
			grid_to_load: 277, battery_to_grid: 0 }];
}

// Two inverters at the roof, one at the garage.
const roof = [online("roof"), info("roof"), ...inverter("roof", 0, 310),
	...inverter("roof", 1, 305), sum("roof", 2, 2480), meter];
const three = [...roof, online("garage"), ...inverter("garage", 2, 290),
	sum("garage", 1, 1170)];

function alarms() {
	const of = (n, more) => ({ type: "alarm", dtu: "roof",
		serial: serialOf(n), ...more });
	return [of(0, { code: 209, text: "PV1 no input", count: 3,
		start: ago(7200) }),
	of(0, { code: 71, text: "VW function enable (grid overvoltage power " +
		"reduction)", start: ago(90000) }),
	of(1, { port: 2, alert: "production_drop", start: ago(1800),
		text: "41 W; 395 W expected from the inputs beside it" }),
	{ type: "alarm", dtu: "garage", alert: "dtu_offline", start: ago(3600),
		text: "no answer: no connection within 5 s" }];
}

function sixty() {
	const records = [online("roof"), online("garage")];
	for (let n = 0; n < 60; n++)
		records.push(...inverter(n < 40 ? "roof" : "garage", n,
			n === 37 ? 50 : 300 + n % 7));
	return [...records, sum("roof", 40, 48400), sum("garage", 20, 24200)];
}

// Words without a space, and words with many; umlauts; each as long as names
// may be.
const long = {
	roof: "South-west roof of the big barn behind the house of the " +
		"grandparents, the second string (installed in 2024)",
	garage: "Südwestdachfläche_ohne_Leerzeichen_und_sehr_sehr_lang_" +
		"damit_es_nicht_umbrechen_kann_und_noch_länger_wird",
	[serialOf(0)]: "Wechselrichter".repeat(8),
	[serialOf(1)]: "A name of an inverter, of many words ".repeat(3).trim(),
	[serialOf(0) + "/1"]: "W".repeat(120),
	[serialOf(2) + "/3"]: "Ostseite <b>&amp; ".repeat(6).trim(),
	"37ff20000001": "Zweirichtungszähler".repeat(6),
	"214322440207": "Wechselrichter_mit_Batterie".repeat(4),
};

// days and inverters: of the database, none if they are not given.
const scenes = [
	{ name: "empty", records: [], days: 0 },
	{ name: "night", days: 40, inverters: 3, options: ["--night",
		"12:00-14:00"], records: [online("roof"),
		...inverter("roof", 0, null), ...inverter("roof", 1, null),
		sum("roof", 2, 0), offline("garage", { breaker: "closed" })] },
	{ name: "offline", days: 40, inverters: 3,
		records: [...roof, offline("garage")] },
	{ name: "alarm", days: 40, inverters: 3,
		records: [...roof, offline("garage"), ...alarms()] },
	{ name: "one inverter", days: 40, inverters: 1, records: [
		online("roof"), info("roof"), ...inverter("roof", 0, 310),
		sum("roof", 1, 1250)] },
	{ name: "60 inverters", days: 40, inverters: 60, records: sixty() },
	{ name: "long names", days: 40, inverters: 3,
		records: [...three, ...alarms()], names: long },
	{ name: "long names of hybrids", days: 0, names: long,
		records: hybrid("214322440207", 55, 300) },
	{ name: "no database", records: three },
	{ name: "hybrids", days: 40, inverters: 1, records: [online("roof"),
		...hybrid("2143000000000001", 55, 300), ...hybrid(
		"2143000000000002", 100, 0), sum("roof", 2, 739)] },
];

module.exports = { scenes, three };
