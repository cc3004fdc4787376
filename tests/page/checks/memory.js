"use strict";
// The memory of a page that stays open: 8,640 polls, two days of a plant that
// is polled every 20 s. hm-metrics gets each poll as soon as the page has
// shown the one before, and sends an event at once. The second day must take
// no more than the first.
const Browser = require("../lib/browser.js");
const { history } = require("../lib/history.js");
const { BROWSER_ZONE, NOW, Server, clockAt, setTime, standingClock, work } =
	require("../lib/stage.js");
const { none, note, ok, run } = require("../lib/tap.js");
const { patience } = require("../lib/wait.js");

const PERIOD = 20; // s between two polls, by the clock of the plant
const STEADY = 500; // hm-metrics sends an event every 1/500 s at most
const POLLS = 8640;
const SAMPLES = 24;
const EVENT_MS = 20000;

// Runs in the page before its own script: its clock shows the time of the
// newest event, and each event is reported once it has been handled.
function watchEvents() {
	const Source = window.EventSource;
	window.EventSource = class extends Source {
		constructor(url) {
			super(url);
			this.addEventListener("message", ({ data }) => {
				const time = /"time":"([^"]*)"/.exec(data)[1];
				window.testTime = Date.parse(time);
				setTimeout(() => window.handled(time));
			});
		}
	};
}

async function measure(tab) {
	await tab.send("HeapProfiler.collectGarbage");
	const { metrics } = await tab.send("Performance.getMetrics");
	const of = name => metrics.find(m => m.name === name).value;
	return { heap: of("JSHeapUsedSize"), nodes: of("Nodes"),
		listeners: of("JSEventListeners") };
}

// A function that polls the plant at a time, and ends when the page shows
// that.
function stepper(tab, server, plant) {
	let wanted = 0, done = () => {};
	tab.on("Runtime.bindingCalled", ({ payload }) => {
		if (Date.parse(payload) >= wanted)
			done();
	});
	return time => new Promise((shown, fail) => {
		const timer = setTimeout(() => fail(new Error(
			"an event does not come")), EVENT_MS * patience());
		wanted = time * 1000;
		done = () => {
			clearTimeout(timer);
			shown();
		};
		setTime(server.clock, wanted);
		server.tell(plant.poll(time));
	});
}

const mean = list => list.reduce((a, b) => a + b) / list.length;

function compare(samples, what, most) {
	const half = samples.length / 2;
	const first = mean(samples.slice(0, half).map(s => s[what]));
	const second = mean(samples.slice(half).map(s => s[what]));
	note(`${what}: ${Math.round(first)} in the first half, ` +
		`${Math.round(second)} in the second`);
	note(`... ${samples.map(s => s[what]).join(" ")}`);
	ok(`${what}: the second half has no more than the first`,
		second <= first + most);
}

async function watch(tab, server, plant) {
	const samples = [], began = Date.now();
	const step = stepper(tab, server, plant);
	for (let i = 1; i <= POLLS; i++) {
		await step(NOW / 1000 + i * PERIOD);
		if (i % (POLLS / SAMPLES) === 0)
			samples.push(await measure(tab));
	}
	note(`${POLLS} polls in ${Math.round((Date.now() - began) / 1000)} s`);
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
	ok("changing the route leaves no nodes", after.nodes <=
		before.nodes * 1.02 + 20);
	ok("... and no listeners", after.listeners <= before.listeners + 2);
	await tab.close();
}

async function twoDays(browser, { database, plant }) {
	const clock = standingClock(NOW, STEADY);
	const server = await Server.start({ clock, database });
	server.tell(plant.poll(NOW / 1000));
	await server.plant(p => p.units.length === 3);
	const tab = await browser.open({ zone: BROWSER_ZONE, clock });
	await tab.send("Performance.enable");
	await tab.send("Runtime.addBinding", { name: "handled" });
	await tab.send("Page.addScriptToEvaluateOnNewDocument",
		{ source: `(${watchEvents})()` });
	await tab.go(server.url);
	const samples = await watch(tab, server, plant);
	compare(samples, "nodes", 50);
	compare(samples, "listeners", 5);
	// It keeps up to 24 answers of the history, and new ones each day.
	compare(samples, "heap", 200000);
	// By its fast clock hm-metrics has few ms for an answer of the
	// history.
	none("the console is empty", tab.takeComplaints().filter(text =>
		!/status of 503|ERR_EMPTY_RESPONSE/.test(text)));
	await tab.close();
	await server.stop();
}

run(async () => {
	const there = await history();
	const browser = await Browser.start(work);
	await twoDays(browser, there);
	const clock = clockAt(NOW);
	const server = await Server.start({ clock, database: there.database });
	await changeRoutes(server, clock, browser);
	await server.stop();
	await browser.close();
});
