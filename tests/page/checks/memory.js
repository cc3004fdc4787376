"use strict";
// The memory of a page that stays open: 8,640 updates, two days of a plant that
// is polled every 20 s, through hm-metrics whose clock runs fast. The second day
// must take no more than the first.
const Browser = require("../lib/browser.js");
const { history } = require("../lib/history.js");
const { BROWSER_ZONE, NOW, Server, clockAt, timeOf, work } =
	require("../lib/stage.js");
const { none, note, ok, run } = require("../lib/tap.js");
const { sleep, patience } = require("../lib/wait.js");

const PERIOD = 20; // s between two polls, by the clock of the plant
const RATE = 1500;
const STEADY = 120; // hm-metrics sends an event every 1/120 s at most
const UPDATES = 8640;
const SAMPLES = 24;
const LONGEST_MS = 240000;

// Runs in the page before its own script: count the events that it handles.
function countEvents() {
	const Source = window.EventSource;
	window.updates = 0;
	window.EventSource = class extends Source {
		constructor(url) {
			super(url);
			// After the page's own listeners.
			this.addEventListener("message", () => queueMicrotask(
				() => { window.updates++; }));
		}
	};
}

async function measure(tab) {
	await tab.send("HeapProfiler.collectGarbage");
	const { metrics } = await tab.send("Performance.getMetrics");
	const of = name => metrics.find(m => m.name === name).value;
	return { heap: of("JSHeapUsedSize"), nodes: of("Nodes"),
		listeners: of("JSEventListeners"), updates: await tab.run(
		"window.updates") };
}

// Write polls, each at its time, until told to stop.
function drive(server, plant) {
	let stopped = false;
	const stop = () => { stopped = true; };
	const end = (async () => {
		let time = plant.last;
		while (!stopped) {
			const now = Math.floor(timeOf(server.clock) / 1000);
			for (time += PERIOD; time < now - PERIOD; time += PERIOD)
				plant.poll(time);
			server.tell(plant.poll(time));
			await sleep(Math.max(0, (time + PERIOD - timeOf(
				server.clock) / 1000) * 1000 / RATE));
		}
	})();
	return async () => {
		stop();
		await end;
	};
}

const mean = list => list.reduce((a, b) => a + b) / list.length;

function compare(samples, what, most) {
	const half = samples.length / 2;
	const first = mean(samples.slice(0, half).map(s => s[what]));
	const second = mean(samples.slice(half).map(s => s[what]));
	note(`${what}: ${Math.round(first)} in the first half, ` +
		`${Math.round(second)} in the second`);
	ok(`the ${what} of the second half are no more than of the first`,
		second <= first + most, samples.map(s => s[what]).join(" "));
}

async function watch(tab) {
	const samples = [], began = Date.now();
	const first = await tab.run("window.updates");
	while (samples.length < SAMPLES && Date.now() - began < LONGEST_MS *
		patience()) {
		const updates = await tab.run("window.updates") - first;
		if (updates >= (samples.length + 1) * UPDATES / SAMPLES)
			samples.push(await measure(tab));
		else
			await sleep(50);
	}
	note(`${samples.at(-1)?.updates - first} updates in ` +
		`${Math.round((Date.now() - began) / 1000)} s`);
	return samples;
}

// Go around all routes: what a route has built must not stay.
async function turn(tab) {
	for (const route of ["#/history/2026-06", "#/history/all", "#/panels",
		"#/events", "#/system", "#/now/2026-06-12", "#/now"])
		await tab.route(route);
	return measure(tab);
}

async function changeRoutes(server, clock, browser) {
	const tab = await browser.open({ zone: BROWSER_ZONE, clock });
	await tab.send("Performance.enable");
	await tab.go(server.url);
	for (let i = 0; i < 3; i++)
		await turn(tab);
	const before = await turn(tab);
	for (let i = 0; i < 6; i++)
		await turn(tab);
	const after = await turn(tab);
	note(`after 7 more rounds: ${before.nodes} and ${after.nodes} nodes, ` +
		`${before.listeners} and ${after.listeners} listeners`);
	ok("changing the route leaves no nodes", after.nodes <= before.nodes * 1.02 +
		20);
	ok("... and no listeners", after.listeners <= before.listeners + 2);
	await tab.close();
}

run(async () => {
	const { database, plant } = await history();
	const browser = await Browser.start(work);
	const clock = clockAt(NOW, RATE, STEADY);
	const server = await Server.start({ clock, database });
	const stop = drive(server, plant);
	await server.plant(p => p.units.length === 3);
	const tab = await browser.open({ zone: BROWSER_ZONE, clock });
	await tab.send("Performance.enable");
	await tab.send("Page.addScriptToEvaluateOnNewDocument",
		{ source: `(${countEvents})()` });
	await tab.go(server.url);
	const samples = await watch(tab);
	await stop();
	ok(`the page shows ${UPDATES} updates`, samples.length === SAMPLES);
	if (samples.length > 1) {
		compare(samples, "nodes", 50);
		compare(samples, "listeners", 5);
		compare(samples, "heap", 200000);
	}
	// The history has 3 s for an answer, by a clock that is so fast.
	none("the console is empty", tab.takeComplaints().filter(text =>
		!/status of 503|ERR_EMPTY_RESPONSE/.test(text)));
	await tab.close();
	await server.stop();
	const calm = clockAt(NOW);
	const other = await Server.start({ clock: calm, database });
	await changeRoutes(other, calm, browser);
	await other.stop();
	await browser.close();
});
