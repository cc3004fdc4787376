"use strict";
// A tab of Chromium: what it is told, what it shows and what it complains
// about.
const { sleep } = require("./wait.js");

const SETTLED_MS = 80;
const SETTLE_MS = 20000;
const DRAWN_MS = 20000;
const DRAWN_TRIES = 3;

// Runs in the page before its own script: its clock is another one, which
// stands unless the machine's had a time when it started. The time of one that
// stands is in window.testTime.
function setClock(from, started) {
	const RealDate = Date;
	const now = () => started ? from + RealDate.now() - started :
		window.testTime ?? from;
	class OtherDate extends RealDate {
		constructor(...words) {
			if (words.length)
				super(...words);
			else
				super(now());
		}
		static now() { return now(); }
	}
	window.Date = new Proxy(OtherDate, {
		apply: () => new OtherDate().toString(),
	});
}

class Tab {
	constructor(send) {
		this.send = send;
		this.complaints = new Set();
		this.pending = new Set();
		this.quietSince = Date.now();
		this.listeners = new Map();
	}

	// zone: of the browser; language: such as de; clock: one of stage.js.
	async prepare({ zone, language, clock, scripts = true }) {
		for (const domain of ["Page", "Runtime", "Log", "Network",
			"DOM", "Audits"])
			await this.send(domain + ".enable");
		if (zone)
			await this.send("Emulation.setTimezoneOverride",
				{ timezoneId: zone });
		if (language)
			await this.setLanguage(language);
		if (clock)
			await this.send("Page.addScriptToEvaluateOnNewDocument",
				{ source: `(${setClock})(${clock.from},` +
				`${clock.started})` });
		if (!scripts)
			await this.send("Emulation.setScriptExecutionDisabled",
				{ value: true });
	}

	async setLanguage(language) {
		await this.send("Emulation.setLocaleOverride",
			{ locale: language });
		const { userAgent } = await this.send("Browser.getVersion");
		await this.send("Emulation.setUserAgentOverride",
			{ userAgent, acceptLanguage: language });
	}

	hear(method, params) {
		const heard = this["on" + method.replace(/.*\./, "")];
		if (heard)
			heard.call(this, params);
		for (const listener of this.listeners.get(method) || [])
			listener(params);
	}

	on(method, listener) {
		this.listeners.set(method, [
			...this.listeners.get(method) || [], listener]);
	}

	// What a person would see in the console in red or yellow.
	onconsoleAPICalled({ type, args }) {
		if (/^(error|warning|assert)$/.test(type))
			this.complain("console." + type + ": " + args.map(
				a => a.value ?? a.description).join(" "));
	}

	onexceptionThrown({ exceptionDetails }) {
		const { exception, text } = exceptionDetails;
		this.complain((exception && exception.description) || text);
	}

	onentryAdded({ entry }) {
		if (/^(error|warning)$/.test(entry.level))
			this.complain(entry.text + (entry.url ? " " +
				entry.url : ""));
	}

	onissueAdded({ issue }) {
		if (issue.code === "ContentSecurityPolicyIssue")
			this.complain("CSP: " + JSON.stringify(issue.details));
	}

	complain(text) {
		this.complaints.add(text.replace(/\n[^]*/, ""));
	}

	// Requests that are on their way; that of the events never ends.
	onrequestWillBeSent({ requestId, type }) {
		if (type !== "EventSource")
			this.pending.add(requestId);
	}

	onloadingFinished({ requestId }) {
		this.finish(requestId);
	}

	onloadingFailed({ requestId }) {
		this.finish(requestId);
	}

	finish(requestId) {
		this.pending.delete(requestId);
		this.quietSince = Date.now();
	}

	async go(url) {
		const loaded = new Promise(done =>
			this.listeners.set("Page.loadEventFired", [done]));
		const { errorText } = await this.send("Page.navigate", { url });
		if (errorText)
			throw new Error(url + ": " + errorText);
		await loaded;
		await this.settle();
	}

	// Another route of the page that is open.
	async route(hash) {
		await this.run(hash => { location.hash = hash; }, hash);
		await this.settle();
	}

	// Until all answers are there and drawn.
	async settle() {
		const end = Date.now() + SETTLE_MS;
		this.quietSince = Date.now();
		while (this.pending.size > 0 ||
			Date.now() - this.quietSince < SETTLED_MS) {
			if (Date.now() > end)
				throw new Error("requests do not end");
			await sleep(20);
		}
		await this.drawn();
	}

	// Now and then Chromium does not answer to a request for a picture, but
	// to the next one.
	async drawn() {
		for (let tries = 1; ; tries++)
			try {
				await this.send("Page.captureScreenshot", {
					format: "jpeg", clip: { x: 0, y: 0,
					width: 1, height: 1, scale: 1 } },
					DRAWN_MS);
				return;
			} catch (error) {
				if (tries === DRAWN_TRIES)
					throw error;
			}
	}

	// The value of a function of the page, or of an expression.
	async run(code, ...words) {
		const expression = typeof code === "string" ? code :
			`(${code})(...${JSON.stringify(words)})`;
		const { result, exceptionDetails } = await this.send(
			"Runtime.evaluate", { expression, awaitPromise: true,
			returnByValue: true });
		if (exceptionDetails)
			throw new Error("in the page: " +
				(exceptionDetails.exception?.description ||
				exceptionDetails.text));
		return result.value;
	}

	resize(width, height = 900, scale = 1) {
		return this.send("Emulation.setDeviceMetricsOverride", { width,
			height, deviceScaleFactor: scale,
			mobile: width < 700 });
	}

	setColours(scheme) {
		return this.send("Emulation.setEmulatedMedia", { features: [
			{ name: "prefers-color-scheme", value: scheme },
			{ name: "prefers-reduced-motion", value: "reduce" }] });
	}

	// What is in the window, as PNG.
	async picture() {
		const { data } = await this.send("Page.captureScreenshot",
			{ format: "png" });
		return Buffer.from(data, "base64");
	}

	async press(key, code = key) {
		const codes = { Tab: 9, Enter: 13, Escape: 27, ArrowLeft: 37,
			ArrowRight: 39, ArrowUp: 38, ArrowDown: 40 };
		for (const type of ["rawKeyDown", "keyUp"])
			await this.send("Input.dispatchKeyEvent", { type, key,
				code, windowsVirtualKeyCode: codes[key] || 0 });
	}

	// Complaints since the last call.
	takeComplaints() {
		const found = [...this.complaints];
		this.complaints.clear();
		return found;
	}
}

module.exports = Tab;
