"use strict";
// By keyboard: Tab reaches everything that a pointer could use, in both
// directions, and what has the focus shows it.
const Browser = require("../lib/browser.js");
const routes = require("../lib/routes.js");
const { scenes } = require("../lib/scenes.js");
const { BROWSER_ZONE, NOW, Server, clockAt, plantYears, work } =
	require("../lib/stage.js");
const { none, ok, run } = require("../lib/tap.js");

const MOST = 600;

// Number all elements that can be used, and remember how they look.
function mark() {
	const usable = "a[href], button, input, select, textarea, summary, " +
		"[tabindex='0'], [contenteditable]";
	const looks = node => {
		const style = getComputedStyle(node);
		return [style.outlineStyle, style.outlineWidth,
			style.outlineColor, style.boxShadow,
			style.borderColor].join();
	};
	// Tab goes on from where the focus was last: from the top of the page.
	const top = document.createElement("span");
	top.tabIndex = -1;
	document.body.prepend(top);
	top.focus();
	top.remove();
	window.scrollTo(0, 0);
	window.lookOf = looks;
	window.controls = [...document.querySelectorAll(usable)].filter(
		node => node.checkVisibility({ visibilityProperty: true }) &&
		!node.disabled && node.tabIndex >= 0);
	window.reached = new Map();
	window.plain = new Map(window.controls.map(n => [n, looks(n)]));
}

// Note which has the focus; false if nothing has, or one that had it.
function step() {
	const node = document.activeElement;
	if (!node || node === document.body || window.reached.has(node))
		return false;
	const box = node.getBoundingClientRect();
	window.reached.set(node, {
		shown: window.lookOf(node) !== window.plain.get(node) &&
			getComputedStyle(node).outlineStyle !== "none",
		inside: box.bottom > 0 && box.top < innerHeight,
	});
	return true;
}

function result() {
	const name = node => node.localName + "#" + node.id + "." +
		node.getAttribute("class") + ' "' +
		(node.getAttribute("aria-label") || node.textContent).trim()
		.slice(0, 40) + '"';
	const notes = [...window.reached];
	return {
		missed: window.controls.filter(n => !window.reached.has(n) &&
			n.isConnected).map(name),
		dim: notes.filter(([, n]) => !n.shown).map(([n]) => name(n)),
		outside: notes.filter(([, n]) => !n.inside).map(
			([n]) => name(n)),
	};
}

async function walk(tab) {
	await tab.run(mark);
	for (let i = 0, old = 0; i < MOST && old < 2; i++) {
		await tab.press("Tab");
		if (!await tab.run(step))
			old++;
	}
	return tab.run(result);
}

// What reacts to a click or a pointer, and cannot have the focus, nor anything
// in it or around it.
async function onlyByPointer(tab) {
	const { result } = await tab.send("Runtime.evaluate",
		{ expression: "document.body" });
	const { listeners } = await tab.send("DOMDebugger.getEventListeners",
		{ objectId: result.objectId, depth: -1, pierce: true });
	const found = [];
	for (const { type, backendNodeId } of listeners) {
		if (!/^(click|pointer(down|move|up)|mouse(down|move|up))$/.test(
			type))
			continue;
		const { object } = await tab.send("DOM.resolveNode",
			{ backendNodeId });
		const { result } = await tab.send("Runtime.callFunctionOn",
			{ objectId: object.objectId, returnByValue: true,
			functionDeclaration: `function() {
				if (this === document.body ||
					!this.checkVisibility?.())
					return "";
				const usable = "a, button, input, select, " +
					"summary, [tabindex]";
				return this.closest(usable) ||
					this.querySelector(usable) ? "" :
					this.localName + "#" + this.id;
			}` });
		if (result.value)
			found.push(type + " on " + result.value);
	}
	return found;
}

run(async () => {
	const browser = await Browser.start(work);
	const scene = scenes.find(s => s.name === "alarm");
	const clock = clockAt(NOW);
	const server = await Server.start({ clock,
		database: plantYears(scene.days, scene.inverters) });
	server.tell(scene.records);
	await server.plant(plant => plant.alarms.length > 0);
	const tab = await browser.open({ zone: BROWSER_ZONE, clock,
		language: "en-GB" });
	await tab.setColours("light");
	await tab.resize(1280);
	await tab.go(server.url);
	for (const route of routes) {
		await tab.route(route);
		const count = await tab.run(() =>
			document.querySelectorAll("a[href]").length);
		ok(route + " has something to use", count > 0);
		const { missed, dim, outside } = await walk(tab);
		none(route + ": Tab reaches every control", missed);
		none(route + ": what has the focus shows it", dim);
		none(route + ": ... and is in sight", outside);
		none(route + ": nothing needs a pointer",
			await onlyByPointer(tab));
	}
	none("the console is empty", tab.takeComplaints());
	await tab.close();
	await server.stop();
	await browser.close();
});
