"use strict";
// A slow connection, and a server that was away.
const Browser = require("../lib/browser.js");
const { scenes, three } = require("../lib/scenes.js");
const { BROWSER_ZONE, NOW, Server, clockAt, plantYears, work } =
	require("../lib/stage.js");
const { none, note, ok, run } = require("../lib/tap.js");
const { patience, until } = require("../lib/wait.js");

const SLOW = 48000 / 8; // bytes a second
const LATENCY_MS = 300;
const FIRST_MS = 5000;

// Runs in the page before its own script: when a number with a W is first
// seen.
function watchFirst() {
	const look = () => {
		const main = document.querySelector("main");
		if (main && /\d\s*k?W\b/.test(main.innerText))
			window.firstNumber = performance.now();
		else
			requestAnimationFrame(look);
	};
	requestAnimationFrame(look);
}

async function first(browser, server, clock) {
	const tab = await browser.open({ zone: BROWSER_ZONE, clock,
		language: "en-GB" });
	await tab.send("Network.emulateNetworkConditions", { offline: false,
		latency: LATENCY_MS, downloadThroughput: SLOW,
		uploadThroughput: SLOW });
	await tab.send("Page.addScriptToEvaluateOnNewDocument",
		{ source: `(${watchFirst})()` });
	await tab.go(server.url);
	const ms = await until(30, () => tab.run("window.firstNumber"));
	const limit = FIRST_MS + 1000 * (patience() - 1);
	note(`the first number at ${SLOW * 8 / 1000} kbit/s: ` +
		`${Math.round(ms)} ms`);
	ok("the first number is there within 5 s at 48 kbit/s", ms &&
		ms < limit, ms);
	await tab.close();
}

const shows = (tab, text) => until(60, () => tab.run(text =>
	document.body.innerText.replace(/\s+/g, " ").includes(text), text));

// The page says that the server is away, and shows new numbers when it is
// back, without being loaded again.
async function away(browser, server, clock, database) {
	const tab = await browser.open({ zone: BROWSER_ZONE, clock,
		language: "en-GB" });
	await tab.go(server.url);
	await tab.run("window.mark = 1; 0");
	const state = () => tab.run(() =>
		document.querySelector("#link").innerText);
	const before = await state();
	await server.stop("SIGKILL");
	ok("the page says when the server is away", await until(60,
		async () => await state() !== before), before);
	for (const route of ["#/history/2026-06", "#/panels", "#/system"]) {
		await tab.route(route);
		ok(`... and still has ${route}`, (await tab.run(() =>
			document.querySelector("main").innerText)).length > 0);
	}
	await tab.route("#/now");
	tab.takeComplaints(); // of requests that could not be answered
	const again = await Server.start({ clock, database,
		port: server.port });
	again.tell(three.map(r => r.type === "dtu" ? { ...r,
		pv_power: r.pv_power + 1111 } : r.type === "port" ? { ...r,
		pv_power: r.pv_power + 111 } : r));
	const { watts } = await again.plant(p => p.units.length === 3);
	const text = watts >= 1000 ? (watts / 1000).toFixed(2) : String(watts);
	ok("when it is back the page shows the power", await shows(tab, text),
		text);
	ok("... and says nothing else than before", await until(30,
		async () => await state() === before), await state());
	ok("... without being loaded again", await tab.run(
		"window.mark === 1"));
	none("... and without an error", tab.takeComplaints().filter(
		c => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE/.test(c)));
	await tab.close();
	return again;
}

run(async () => {
	const browser = await Browser.start(work);
	const scene = scenes.find(s => s.name === "alarm");
	const database = plantYears(scene.days, scene.inverters);
	const clock = clockAt(NOW);
	let server = await Server.start({ clock, database });
	server.tell(three);
	await server.plant(plant => plant.units.length === 3);
	await first(browser, server, clock);
	server = await away(browser, server, clock, database);
	await server.stop();
	await browser.close();
});
