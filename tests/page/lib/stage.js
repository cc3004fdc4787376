"use strict";
// What the checks of the page stand on: a work directory, hm's tools with a
// clock that is not the machine's, and SQL.
const { execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const { owned } = require("./tap.js");
const { sleep, until } = require("./wait.js");

const work = process.env.HM_PAGE_WORK;
const bin = process.env.HM_BIN;
const preloads = path.join(process.env.HM_BUILD, "helper/preload");
const lib = path.join(__dirname, "../../lib");

// Plant, server and browser are in three zones.
const ZONE = "Europe/Berlin";
const SERVER_ZONE = "America/Los_Angeles";
const BROWSER_ZONE = "Pacific/Kiritimati"; // where it is tomorrow

// The moment that it is, in the plant: a Saturday afternoon in June.
const NOW = Date.parse("2026-06-20T12:32:00Z");
const TODAY = "2026-06-20";

// Settings of the person who runs this must not matter.
const environment = Object.fromEntries(Object.entries(process.env).filter(
	([name]) => /^(PATH|LANG|ASAN_OPTIONS)$/.test(name)));

let clocks = 0;

function preload(name) {
	const to = path.join(work, name);
	if (!fs.existsSync(to)) {
		fs.copyFileSync(path.join(preloads, name), to + ".new");
		fs.renameSync(to + ".new", to);
	}
	return to;
}

// A clock whose time is now `from`, in ms; it goes on as the machine's does.
function clockAt(from) {
	return { from, started: Date.now() };
}

// A clock that stands until setTime; each has a file for hm-metrics, which
// waits for anything `steady` times shorter.
function standingClock(from, steady = 1) {
	const clock = { file: path.join(work, "clock." + ++clocks), steady };
	setTime(clock, from);
	return clock;
}

function setTime(clock, time) {
	clock.from = time;
	fs.writeFileSync(clock.file + ".new", String(time));
	fs.renameSync(clock.file + ".new", clock.file);
}

function timeOf(clock) {
	return clock.file ? clock.from : clock.from + Date.now() -
		clock.started;
}

function clockEnvironment(clock) {
	if (clock.file)
		return { LD_PRELOAD: preload("stand.so"),
			HM_CLOCK_FILE: clock.file,
			HM_CLOCK_STEADY: String(clock.steady) };
	return { LD_PRELOAD: preload("clock.so"), HM_CLOCK_SHIFT:
		String(Math.round((clock.from - clock.started) / 1000)) };
}

function toolEnvironment(clock, zone) {
	return { ...environment, PATH: bin + ":" + environment.PATH,
		TZ: zone, LC_ALL: "C", ...clockEnvironment(clock) };
}

function freePort() {
	return new Promise((done, fail) => {
		const server = net.createServer();
		server.on("error", fail);
		server.listen(0, "127.0.0.1", () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
	});
}

// hm-metrics, which reads records and serves the page at `url`.
class Server {
	static async start({ clock, port, database, options = [] }) {
		const server = new Server();
		server.clock = clock;
		server.port = port || await freePort();
		server.url = "http://127.0.0.1:" + server.port + "/";
		server.log = "";
		server.process = owned(spawn(path.join(bin, "hm-metrics"), [
			"--port", server.port, "--stats-period", "0",
			"--timezone", ZONE, "--period", "20",
			...database ? ["-d", database] : [], ...options],
			{ env: toolEnvironment(clock, SERVER_ZONE),
			stdio: ["pipe", "ignore", "pipe"] }));
		server.process.stdin.on("error", () => {});
		server.process.stderr.on("data", text => {
			server.log += text;
		});
		if (!await until(20, () => server.get("livez")))
			throw new Error("hm-metrics does not start: " +
				server.log);
		return server;
	}

	// Write records; the time of those without one is now.
	tell(records) {
		const time = new Date(timeOf(this.clock)).toISOString().replace(
			/\.\d+/, "");
		this.process.stdin.write(records.map(r => JSON.stringify(
			{ ...r, time: r.time || time }) + "\n").join(""));
	}

	async get(path) {
		try {
			const answer = await fetch(this.url + path,
				{ signal: AbortSignal.timeout(20000) });
			return answer.ok && await answer.text();
		} catch {
			return false;
		}
	}

	// The plant as the page sees it, once a function of it is true.
	async plant(is) {
		let plant;
		const found = await until(20, async () => {
			plant = JSON.parse(await this.get("api/plant") ||
				"null");
			return plant && is(plant);
		});
		if (!found)
			throw new Error("hm-metrics has not read its records");
		return plant;
	}

	async stop(signal = "SIGTERM") {
		this.process.kill(signal);
		for (let i = 0; i < 200 && this.process.exitCode === null &&
			this.process.signalCode === null; i++)
			await sleep(25);
		this.process.kill("SIGKILL");
	}
}

// The rows of a query, in the time zone and at the time of the plant.
function sql(database, query, clock = clockAt(NOW)) {
	const text = execFileSync("sqlite3", ["-readonly", "-json", database,
		query], { env: toolEnvironment(clock, ZONE), encoding: "utf8",
		maxBuffer: 1 << 28 });
	return text.trim() ? JSON.parse(text) : [];
}

// A database of days before TODAY and of it: of the plant of tests/lib.
function plantYears(days, inverters) {
	const database = path.join(work, `years.${days}.${inverters}.db`);
	if (!fs.existsSync(database))
		execFileSync(path.join(lib, "plant-years"), [database, TODAY,
			days, inverters, 1], { env: toolEnvironment(
			clockAt(NOW), ZONE), stdio: ["ignore", "ignore",
			"inherit"] });
	return database;
}

module.exports = { BROWSER_ZONE, NOW, SERVER_ZONE, Server, TODAY, ZONE, bin,
	clockAt, plantYears, setTime, sql, standingClock, toolEnvironment,
	work };
