"use strict";
// Chromium, driven by its DevTools protocol over a pair of pipes: messages of
// JSON, each ended by a NUL. Nothing of npm is needed for that.
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { sleep } = require("./wait.js");
const Tab = require("./tab.js");
const { owned } = require("./tap.js");

const PROGRAM = process.env.CHROMIUM || "chromium";
const ANSWER_MS = 120000;

class Browser {
	constructor(process) {
		this.process = process;
		this.last = 0;
		this.waiting = new Map();
		this.tabs = new Map();
		this.rest = "";
		process.stdio[4].setEncoding("utf8");
		process.stdio[4].on("data", text => this.take(text));
		process.stdio[3].on("error", () => {});
	}

	// Its files, its home included, are in a directory of the work
	// directory.
	static async start(work) {
		const home = fs.mkdtempSync(path.join(work, "browser."));
		const process = owned(spawn(PROGRAM, ["--headless",
			"--no-sandbox", "--disable-gpu",
			"--disable-dev-shm-usage",
			"--disable-background-timer-throttling",
			"--disable-renderer-backgrounding",
			"--disable-backgrounding-occluded-windows",
			"--disable-background-networking", "--hide-scrollbars",
			"--font-render-hinting=none", "--no-first-run",
			"--force-color-profile=srgb", "--remote-debugging-pipe",
			"--enable-precise-memory-info",
			"--js-flags=--expose-gc", "--lang=en-GB",
			"--user-data-dir=" + home, "about:blank"],
			{ stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
			env: { ...globalThis.process.env, HOME: home,
				TMPDIR: home, LANGUAGE: "en",
				LC_ALL: "C.UTF-8" } }));
		const browser = new Browser(process);
		await browser.send("Target.setDiscoverTargets",
			{ discover: false });
		return browser;
	}

	take(text) {
		const parts = (this.rest + text).split("\0");
		this.rest = parts.pop();
		for (const part of parts)
			this.hear(JSON.parse(part));
	}

	hear(message) {
		const call = this.waiting.get(message.id);
		if (call) {
			this.waiting.delete(message.id);
			clearTimeout(call.timer);
			if (message.error)
				call.fail(new Error(call.method + ": " +
					message.error.message));
			else
				call.done(message.result);
			return;
		}
		const tab = this.tabs.get(message.sessionId);
		if (tab)
			tab.hear(message.method, message.params);
	}

	send(method, params = {}, sessionId, ms = ANSWER_MS) {
		const id = ++this.last;
		return new Promise((done, fail) => {
			const timer = setTimeout(() => {
				this.waiting.delete(id);
				fail(new Error(method + ": no answer"));
			}, ms);
			this.waiting.set(id, { method, done, fail, timer });
			this.process.stdio[3].write(JSON.stringify(
				{ id, method, params, sessionId }) + "\0");
		});
	}

	// A tab of its own cookies and cache; see Tab for the options.
	async open(options = {}) {
		const { browserContextId } = await this.send(
			"Target.createBrowserContext");
		const { targetId } = await this.send("Target.createTarget",
			{ url: "about:blank", browserContextId });
		const { sessionId } = await this.send("Target.attachToTarget",
			{ targetId, flatten: true });
		const tab = new Tab((method, params, ms) => this.send(method,
			params, sessionId, ms));
		this.tabs.set(sessionId, tab);
		tab.close = () => {
			this.tabs.delete(sessionId);
			return this.send("Target.disposeBrowserContext",
				{ browserContextId });
		};
		await tab.prepare(options);
		return tab;
	}

	async close() {
		await this.send("Browser.close").catch(() => {});
		for (let i = 0; i < 100 && this.process.exitCode === null &&
			this.process.signalCode === null; i++)
			await sleep(50);
		this.process.kill("SIGKILL");
	}
}

module.exports = Browser;
