"use strict";
// The database of 400 days. Its records go through the real hm-filter and
// hm-store, so that its rows are those of a chain, whatever tables these keep;
// tests/lib/plant-years, which writes rows itself, is for many inverters.
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const { Plant } = require("./plant.js");
const { NOW, SERVER_ZONE, ZONE, clockAt, toolEnvironment, work } =
	require("./stage.js");
const { owned } = require("./tap.js");

const DAY = 86400, DAYS = 400;
const LIGHT = 900, DARK = 3600; // seconds between two polls
const FINE = 300, FINE_DAYS = 3; // of the last days, whose curves are drawn
const SEED = 20260620;
const NAMES = { roof: "House", garage: "Garage", 116181000001: "Roof below",
	116181000002: "Roof above", 114181000003: "Garage west",
	"116181000001/1": "South 1",
	"116181000001/2": "South 2", "116181000001/3": "South 3",
	"116181000001/4": "South 4", "116181000002/1": "South 5",
	"116181000002/2": "South 6", "116181000002/3": "South 7",
	"116181000002/4": "Chimney", "114181000003/1": "West 1",
	"114181000003/2": "West 2", "37ff23709968": "Grid meter" };

const at = text => Date.parse(text) / 1000;

// The first poll is at midnight of the plant.
function plant() {
	return new Plant({ seed: SEED, zone: ZONE,
		start: at("2025-05-16T22:00Z"), weak: at("2026-05-03T00:00Z"),
		away: [
		["roof", at("2026-02-09T20:00Z"), at("2026-02-12T06:00Z")],
		["garage", at("2025-10-25T20:00Z"), at("2025-10-26T09:00Z")],
		["garage", at("2026-06-18T11:00Z"), at("2026-06-18T13:20Z")],
		] });
}

function alarm(time, code, text) {
	const start = time - 7200, iso = t => new Date(t * 1000).toISOString()
		.replace(".000", "");
	return { type: "alarm", time: iso(time), dtu: "roof",
		serial: "116181000002", code, text, start: iso(start),
		end: iso(time - 1800) };
}

// Commands of the last two days, the newest last; two are lost but for their
// results.
const iso = (time, seconds) => new Date(Date.parse(time) + seconds * 1000)
	.toISOString().replace(".000", "");

function command(id, time, more, ...results) {
	return [{ type: "command", time, id, ...more }, ...results.map(
		([seconds, state]) => ({ type: "result", time: iso(time,
		seconds), id, dtu: more.dtu, serial: more.serial,
		action: more.action, ...state }))];
}

const commands = [
	...command("a", "2026-06-19T08:00:00Z", { dtu: "roof", action: "limit",
		percent: 62.5, from: "stdin" }, [4, { state: "accepted" }],
	[9, { state: "done", percent: 62.5 }]),
	...command("b", "2026-06-20T10:15:00Z", { dtu: "garage", action:
		"limit_temporary", watts: 412.5, from: "hm-limit" }),
	...command("c", "2026-06-20T11:00:00Z", { dtu: "roof" }, [0,
		{ state: "refused", error: "invalid", text: "no action" }])
		.slice(1),
	...command("d", "2026-06-20T12:00:00Z", { dtu: "roof", serial:
		"116181000002", action: "turn_off", from:
		"homeassistant/hoymiles_mqtt/command" }, [120, { state:
		"unknown", error: "not_confirmed", text: "nothing shows it" }]),
	...command("e", "2026-06-20T12:10:00Z", { dtu: "roof", action:
		"limit_temporary" }, [0, { state: "refused", error: "invalid",
		text: "no limit" }]).slice(1),
];

// Poll until a moment, with one more poll shortly before each midnight.
function* polls(plant, end) {
	for (let time = plant.start; time <= end;) {
		const records = plant.poll(time);
		if (time % DAY < LIGHT)
			records.push(...plant.infos(time));
		if (time >= at("2026-06-11T12:00:00Z") && time <
			at("2026-06-11T12:00:00Z") + LIGHT)
			records.push(alarm(time, 209, "PV1 no input"));
		yield records;
		const step = !plant.isLight(time) ? DARK :
			time > end - FINE_DAYS * DAY ? FINE : LIGHT;
		time += step - time % step;
	}
}

async function write(plant, end, to) {
	for (const records of polls(plant, end)) {
		const text = records.map(r => JSON.stringify(r) + "\n").join(
			"");
		if (!to.write(text))
			await once(to, "drain");
	}
	to.end(commands.map(r => JSON.stringify(r) + "\n").join(""));
}

// Make the database at a path.
async function make(database) {
	const options = ["--stats-period", "0", "--timezone", ZONE, "-d",
		database];
	const chain = owned(spawn("bash", ["-c", "set -o pipefail; " +
		'hm-filter "$@" | hm-store "$@" >/dev/null', "bash",
		...options], { stdio:
		["pipe", "inherit", "pipe"], env: toolEnvironment(
		clockAt(NOW), SERVER_ZONE) }));
	const end = once(chain, "close");
	let log = "";
	// A year in seconds: the tools may wait for each other for long.
	chain.stderr.on("data", text => { log += text; });
	await write(plant(), NOW / 1000 - 60, chain.stdin);
	const [status] = await end;
	if (status !== 0)
		throw new Error("hm-filter | hm-store fails: " + log);
}

// The same, made once for all scripts of a run. The plant is polled again,
// which is quick.
async function history() {
	const database = path.join(work, "history.db");
	if (!fs.existsSync(database)) {
		await make(database + ".new");
		fs.renameSync(database + ".new", database);
	}
	const plantThere = plant();
	for (const records of polls(plantThere, NOW / 1000 - 60))
		void records;
	return { database, plant: plantThere };
}

module.exports = { DAYS, NAMES, history };
