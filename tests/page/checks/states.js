"use strict";
// Each state of a plant on each route: nothing is wider than the screen,
// axe-core finds nothing, and the console stays empty.
const fs = require("node:fs");
const path = require("node:path");
const Browser = require("../lib/browser.js");
const { overflow, seen, unfold, violations } = require("../lib/look.js");
const routes = require("../lib/routes.js");
const { scenes } = require("../lib/scenes.js");
const { BROWSER_ZONE, NOW, Server, clockAt, plantYears, work } =
	require("../lib/stage.js");
const { none, note, ok, run } = require("../lib/tap.js");

const UNFOLDED = 12; // so many are opened
const WIDTHS = [320, 390, 768, 1280];
const axe = fs.readFileSync(path.join(process.env.HM_PAGE_MODULES,
	"axe-core/axe.min.js"), "utf8");
// In the other state of colours and language the same words and colours would
// be looked at again.
const looks = [{ language: "en-GB", colours: "light", width: 1280 },
	{ language: "de-DE", colours: "dark", width: 390 }];
const allLooks = [...looks,
	{ language: "en-GB", colours: "dark", width: 390 },
	{ language: "de-DE", colours: "light", width: 1280 }];

function databaseOf(scene) {
	if (scene.days === undefined)
		return undefined;
	return scene.inverters ? plantYears(scene.days, scene.inverters) :
		path.join(work, "empty.db");
}

function optionsOf(scene) {
	return [...scene.options || [], ...Object.entries(scene.names || {})
		.flatMap(([device, name]) => ["--names", device + "=" + name])];
}

// Without a database a browser reports that there is no history.
function expected(scene, complaints) {
	return complaints.filter(text => scene.days !== undefined ||
		!/status of 503/.test(text));
}

// What was found where, and the places of what was found more than once.
class Findings {
	constructor() {
		this.places = new Map();
	}

	add(place, texts) {
		for (const text of texts)
			this.places.set(text, [...this.places.get(text) || [],
				place]);
	}

	lines() {
		return [...this.places].map(([text, places]) => text + " (" +
			places.join(", ") + ")");
	}
}

async function widths(tab, route, found) {
	for (const width of WIDTHS) {
		await tab.resize(width);
		found.add(`${route} at ${width}`, await tab.run(overflow));
	}
}

async function look(tab, scene, { language, colours, width }, url) {
	const wide = new Findings(), bad = new Findings(), blank = [];
	await tab.setLanguage(language);
	await tab.setColours(colours);
	await tab.resize(width);
	await tab.go(url);
	await tab.run(axe + "; 0");
	for (const route of routes) {
		await tab.resize(width);
		await tab.route(route);
		if (!await tab.run(seen))
			blank.push(route);
		await tab.run(unfold, UNFOLDED);
		bad.add(route, await tab.run(violations));
		await widths(tab, route, wide);
	}
	const what = `${scene.name}, ${language}, ${colours}: `;
	none(what + "every route has something", blank);
	none(what + "nothing is wider than the screen", wide.lines());
	none(what + "axe-core finds no violation", bad.lines());
	none(what + "the console is empty",
		expected(scene, tab.takeComplaints()));
}

async function withoutScripts(browser, server, scene) {
	const tab = await browser.open({ scripts: false });
	const wide = new Findings();
	await tab.go(server.url);
	await widths(tab, "it", wide);
	none(scene.name + ", no JavaScript: nothing is wider than the screen",
		wide.lines());
	ok(scene.name + ", no JavaScript: it has the numbers of now",
		/\d W\b|not known|unbekannt/.test(await tab.run(seen)),
		await tab.run(seen));
	await tab.close();
}

async function check(browser, scene) {
	const clock = clockAt(NOW), began = Date.now();
	const server = await Server.start({ clock, options: optionsOf(scene),
		database: databaseOf(scene) });
	const inputs = scene.records.filter(r => r.type === "port").length;
	server.tell(scene.records);
	await server.plant(plant => plant.units.flatMap(u => u.ports).length ===
		inputs);
	const tab = await browser.open({ zone: BROWSER_ZONE, clock });
	for (const one of scene.name === "alarm" ? allLooks : looks)
		await look(tab, scene, one, server.url);
	await tab.close();
	await withoutScripts(browser, server, scene);
	await server.stop();
	note(`${scene.name}: ${Math.round((Date.now() - began) / 1000)} s`);
}

run(async () => {
	const browser = await Browser.start(work);
	for (const scene of scenes)
		await check(browser, scene).catch(error =>
			ok(scene.name + " can be looked at", false,
			error.stack.split("\n")));
	await browser.close();
});
