"use strict";
// What happens seldom: an answer that breaks off, midnight, and two devices of
// one name.
const http = require("node:http");
const Browser = require("../lib/browser.js");
const { three } = require("../lib/scenes.js");
const { BROWSER_ZONE, Server, clockAt, NOW, plantYears, setTime,
	standingClock, work } = require("../lib/stage.js");
const { none, ok, run, same } = require("../lib/tap.js");
const { until } = require("../lib/wait.js");

const MINUTE = 60000;
const EVENING = Date.parse("2026-06-20T21:58:00Z"); // 23:58 of the plant

const textOf = (tab, selector) => tab.run(selector =>
	document.querySelector(selector).textContent, selector);

// A server before hm-metrics. It breaks off in the middle of each answer whose
// path has `broken` in it.
async function front(server) {
	const state = { broken: null };
	const listener = http.createServer((request, answer) => {
		const source = http.get(new URL(request.url, server.url), {
			headers: { ...request.headers,
				"accept-encoding": "identity" } }, from => {
			answer.writeHead(from.statusCode, from.headers);
			if (!state.broken || !request.url.includes(
				state.broken)) {
				from.pipe(answer);
				return;
			}
			from.once("data", bytes => answer.write(bytes.subarray(
				0, bytes.length >> 1), () => answer.destroy()));
		});
		source.on("error", () => answer.destroy());
		answer.on("close", () => source.destroy());
	});
	await new Promise(done => listener.listen(0, "127.0.0.1", done));
	state.url = `http://127.0.0.1:${listener.address().port}/`;
	state.close = () => {
		listener.close();
		listener.closeAllConnections();
	};
	return state;
}

async function brokenOff(browser) {
	const clock = clockAt(NOW);
	const server = await Server.start({ clock,
		database: plantYears(40, 3) });
	server.tell(three);
	await server.plant(plant => plant.units.length === 3);
	const between = await front(server);
	const tab = await browser.open({ zone: BROWSER_ZONE, clock,
		language: "en-GB" });
	await tab.go(between.url);
	between.broken = "/api/days";
	await tab.route("#/history/2026-05");
	const note = "#r-history > [role=status]";
	await until(20, () => textOf(tab, note));
	same("an answer that breaks off is no answer",
		await textOf(tab, note), "No connection to hm-metrics.");
	between.broken = null;
	// The page tries again with an event after 10 s.
	const rows = () => tab.run(() => document.querySelectorAll(
		"#r-history tbody tr").length);
	ok("... until it comes whole", await until(40, async () => {
		server.tell(three);
		return await rows() > 0 && !await textOf(tab, note);
	}), await textOf(tab, note));
	none("... and no script fails", tab.takeComplaints().filter(text =>
		!/ERR_/.test(text)));
	await tab.close();
	between.close();
	await server.stop();
}

// The addresses of the curves that the page has asked for
const curves = tab => tab.run(() => performance.getEntriesByType("resource")
	.map(entry => entry.name.split("/api/curve?day=")[1]).filter(Boolean));

async function midnight(browser) {
	const clock = standingClock(EVENING);
	const server = await Server.start({ clock,
		database: plantYears(40, 3) });
	server.tell(three);
	await server.plant(plant => plant.units.length === 3);
	const tab = await browser.open({ zone: BROWSER_ZONE, clock,
		language: "en-GB" });
	await tab.go(server.url);
	await tab.run(() => {
		const choice = document.querySelector("#against");
		choice.value = "day";
		choice.dispatchEvent(new Event("change"));
	});
	await tab.settle();
	const before = () => tab.run(() => document.querySelector("#day-before")
		.hash);
	same("before midnight there is the day before", await before(),
		"#/now/2026-06-19");
	const next = EVENING + 5 * MINUTE;
	setTime(clock, next);
	await tab.run(time => { window.testTime = time; }, next);
	server.tell(three);
	ok("after midnight it is another one", await until(30, async () =>
		await before() === "#/now/2026-06-20"), await before());
	ok("... which the new day is compared with", await until(30, async () =>
		(await curves(tab)).includes("2026-06-20")), await curves(tab));
	same("... below the same words", await textOf(tab, "#h-curve"),
		"Power today");
	none("... and no script fails", tab.takeComplaints());
	await tab.close();
	await server.stop();
}

async function twins(browser) {
	const clock = clockAt(NOW);
	const server = await Server.start({ clock });
	const meters = power => ["roof", "garage"].map(dtu => ({ type: "meter",
		dtu, serial: "37ff20000001", power }));
	server.tell([...three, ...meters(-100)]);
	await server.plant(plant => plant.meters.length === 2);
	const tab = await browser.open({ zone: BROWSER_ZONE, clock,
		language: "en-GB" });
	await tab.go(server.url);
	const shown = () => tab.run(() => [...document.querySelectorAll(
		"#meters strong")].map(node => node.textContent));
	for (const power of [-101, -102, -103]) {
		server.tell(meters(power));
		const wanted = [power, power].map(n => `${n} W`).join();
		ok(`two meters of one serial number have ${power} W`,
			await until(20, async () => (await shown()).join()
			.replaceAll("−", "-") === wanted), await shown());
	}
	none("... and no script fails", tab.takeComplaints().filter(text =>
		!/status of 503/.test(text)));
	await tab.close();
	await server.stop();
}

run(async () => {
	const browser = await Browser.start(work);
	await brokenOff(browser);
	await midnight(browser);
	await twins(browser);
	await browser.close();
});
