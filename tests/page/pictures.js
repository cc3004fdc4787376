"use strict";
// pictures.js DIRECTORY: the page as a person sees it, for the docs. The plant
// is that of the checks, at the same moment of the same seed.
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const Browser = require("./lib/browser.js");
const { NAMES, history } = require("./lib/history.js");
const { NOW, Server, ZONE, standingClock, work } = require("./lib/stage.js");
const { none, ok, run } = require("./lib/tap.js");

const MOST = 60000; // bytes
const DESKTOP = [1280, 860, 1], PHONE = [390, 780, 2];
const PICTURES = [
	["now-desktop", "#/now", "light", DESKTOP],
	["now-desktop-dark", "#/now", "dark", DESKTOP],
	["now-phone", "#/now", "light", PHONE],
	["history-desktop", "#/history/2026-05", "light", DESKTOP],
	["history-phone-dark", "#/history/2026-05", "dark", PHONE],
	["panels-desktop", "#/panels", "light", DESKTOP]];

// Few colours make small files.
function shrink(png) {
	return execFileSync("pngquant", ["--strip", "--speed", "1", "64", "-"],
		{ input: png, maxBuffer: 1 << 26 });
}

async function take(tab, to, [name, route, colours, size]) {
	await tab.resize(...size);
	await tab.setColours(colours);
	await tab.route(route);
	await tab.run(() => {
		document.activeElement.blur();
		window.scrollTo(0, 0);
	});
	await tab.settle();
	const png = shrink(await tab.picture());
	fs.writeFileSync(path.join(to, name + ".png"), png);
	ok(`${name}.png has ${png.length} bytes`, png.length <= MOST);
}

run(async () => {
	const to = process.argv[2];
	const { database, plant } = await history();
	const clock = standingClock(NOW)
	const server = await Server.start({ clock, database, options: [
		"--plant-name", "Sunnyside", "--currency", "EUR", "--price-own",
		"0.32", "--price-given", "0.0803", "--co2-g-kwh", "380",
		...Object.entries(NAMES).flatMap(([device, name]) => ["--names",
		`${device}=${name}`])] });
	server.tell([...plant.infos(NOW / 1000), ...plant.poll(NOW / 1000)]);
	await server.plant(p => p.units.length === 3);
	const browser = await Browser.start(work);
	const tab = await browser.open({ zone: ZONE, clock,
		language: "en-GB" });
	fs.mkdirSync(to, { recursive: true });
	await tab.go(server.url);
	for (const picture of PICTURES)
		await take(tab, to, picture);
	none("the console is empty", tab.takeComplaints());
	await tab.close();
	await server.stop();
	await browser.close();
});
