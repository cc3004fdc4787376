"use strict";
// The numbers on the page are those of SQL, over 400 days of a plant, across
// both changes of the clocks; plant, server and browser are in three zones.
const Browser = require("../lib/browser.js");
const { NAMES, history } = require("../lib/history.js");
const { inputs, ofSpan, shareOf, sums, sumsOfInput } =
	require("../lib/sums.js");
const { BROWSER_ZONE, NOW, Server, TODAY, ZONE, clockAt, sql, work } =
	require("../lib/stage.js");
const { none, note, ok, run, same } = require("../lib/tap.js");

const KEYS = ["made", "own", "given", "taken", "then"];
const PRICES = { own: 0.32, given: 0.0803 };
const GRAMS = 380;

// Runs in the page: the table of the history, as it stands there.
function table() {
	const cells = row => [...row.children].map(cell => cell.textContent);
	const all = document.querySelector("#r-history table");
	return { head: cells(all.tHead.rows[0]).slice(1),
		rows: [...all.tBodies[0].rows].map(cells) };
}

// Runs in the page: names of days, months and years as its language has them.
function labels(names) {
	const forms = { 4: { year: "numeric" }, 7: { month: "long",
		year: "numeric" }, 10: { weekday: "short", day: "numeric",
		month: "short", year: "numeric" } };
	return names.map(name => new Intl.DateTimeFormat(navigator.language,
		{ timeZone: "UTC", ...forms[name.length] }).format(
		Date.parse(name)));
}

// Runs in the page: its cards, the name of each and the text.
function cards(section) {
	return Object.fromEntries([...document.querySelectorAll(section +
		" dl.sums > div")].filter(node => !node.hidden).map(node =>
		[...node.children].map(child => child.textContent)).map(
		([name, ...texts]) => [name, texts]));
}

const words = { "en-GB": { made: "Made", own: "Used in the house",
	given: "Fed in", taken: "From the grid", then: "Year before" },
"de-DE": { made: "Erzeugt", own: "Selbst verbraucht", given: "Eingespeist",
	taken: "Aus dem Netz", then: "Jahr davor" } };

function kilo(language, n) {
	return n === null || n === undefined ? "–" : new Intl.NumberFormat(
		language, { minimumFractionDigits: 3,
		maximumFractionDigits: 3 }).format(n / 1000);
}

// An amount as people read it, with its unit: three digits, or all of them.
function amount(n, unit) {
	const step = n < 999.5 ? 0 : n < 999500 ? 1 : 2;
	const part = n / 1000 ** step;
	const digits = step === 0 ? 0 : part < 9.995 ? 2 : part < 99.95 ? 1 : 0;
	return part.toFixed(digits) + " " + ["", "k", "M"][step] + unit;
}

async function checkTable(tab, route, language, expected) {
	const keys = KEYS.filter(key => expected.some(row =>
		typeof row[key] === "number"));
	await tab.route(route);
	const { head, rows } = await tab.run(table);
	const names = await tab.run(labels, expected.map(row => row.name));
	same(`${route}, ${language}: its columns`, head,
		keys.map(key => words[language][key]));
	same(`${route}, ${language}: the numbers of ${expected.length} rows`,
		rows, expected.map((row, i) => [names[i], ...keys.map(key =>
		kilo(language, row[key]))]));
}

async function checkHistory(tab, database, language) {
	const days = sums(database, 10), months = sums(database, 7);
	// With the changes of the clocks, and days without the roof's DTU.
	for (const month of ["2026-06", "2025-10", "2026-03", "2026-02",
		"2025-06"])
		await checkTable(tab, "#/history/" + month, language,
			ofSpan(days, month));
	for (const year of ["2026", "2025"])
		await checkTable(tab, "#/history/" + year, language,
			ofSpan(months, year));
	await checkTable(tab, "#/history/all", language,
		ofSpan(sums(database, 4), ""));
	await checkTable(tab, "#/history/2026-05/116181000001/3", language,
		ofSpan(sumsOfInput(database, 10, "116181000001", 3),
		"2026-05"));
	await checkTable(tab, "#/history/2026/114181000003/2", language,
		ofSpan(sumsOfInput(database, 7, "114181000003", 2), "2026"));
}

// The sums below the bars of a span, which have few digits.
async function checkSums(tab, database, span) {
	const [row] = sums(database, span.length).filter(r => r.name === span);
	await tab.route("#/history/" + span);
	const found = await tab.run(cards, "#r-history");
	const shown = Object.fromEntries(Object.entries(found).map(
		([name, texts]) => [name, texts[0]]));
	const worth = (row.made - row.given) / 1000 * PRICES.own +
		row.given / 1000 * PRICES.given;
	for (const key of ["made", "own", "given", "taken"])
		same(`the sum of ${span}: ${key}`, shown[words["en-GB"][key]],
			amount(row[key], "Wh"));
	same(`the sum of ${span}: a day`, shown["A day"],
		amount(row.made / row.days, "Wh"));
	same(`the sum of ${span}: days`, found.Made[1], row.days + " days");
	same(`the sum of ${span}: its part that the house used`,
		found["Used in the house"][1],
		Math.round(100 * row.own / (row.own + row.given)) + " %");
	same(`the sum of ${span}: what it is worth`, shown.Worth,
		"€" + worth.toLocaleString("en-GB", {
		minimumFractionDigits: 2, maximumFractionDigits: 2 }));
	const kilos = row.made / 1e6 * GRAMS;
	ok(`the sum of ${span}: CO2`, shown["Not emitted"]?.startsWith(
		kilos < 1000 ? Math.round(kilos) + " kg " :
		(kilos / 1000).toFixed(1) + " t "), shown["Not emitted"]);
}

// The best day, month and year.
async function checkRecords(tab, database) {
	await tab.route("#/history/all");
	const texts = await tab.run(() => [...document.querySelectorAll(
		"#r-history a[href]")].filter(a => a.closest("ul.list")).map(
		a => [a.closest("li").textContent, a.hash]));
	for (const [length, what] of [[10, "day"], [7, "month"], [4, "year"]]) {
		const best = sums(database, length).sort((a, b) =>
			b.made - a.made)[0];
		const hash = length === 10 ? "#/now/" : "#/history/";
		ok(`the best ${what} is ${best.name}`, texts.some(
			([text, to]) => to === hash + best.name &&
			text.includes(amount(best.made, "Wh"))),
			JSON.stringify(texts));
	}
	const [high] = sql(database, `SELECT strftime('%Y-%m-%d', hour,
		'unixepoch', 'localtime') AS day, sum(pv_power_max) AS watts
		FROM dtu_hourly GROUP BY hour ORDER BY 2 DESC, hour LIMIT 1`);
	ok(`the highest power was on ${high.day}`, texts.some(([text, to]) =>
		to === "#/now/" + high.day && text.includes(amount(high.watts,
		"W"))), JSON.stringify(texts));
}

async function checkGaps(tab) {
	await tab.route("#/history/2026-02");
	const texts = await tab.run(() => [...document.querySelectorAll(
		"#r-history li")].map(node => node.textContent));
	ok("the days without a reading of the roof", texts.some(text =>
		/House.*10 Feb 2026.*11 Feb 2026.*2 days/.test(text)), texts);
}

// Runs in the page: the inputs, by name.
function panels() {
	for (const node of document.querySelectorAll("#r-panels details"))
		node.open = true;
	return new Promise(done => setTimeout(() => done(Object.fromEntries(
		[...document.querySelectorAll("#r-panels ul.inputs > li")].map(
		node => [node.querySelector("strong").textContent,
		[...node.querySelectorAll("dl > div")].filter(d =>
		d.children.length === 2).map(d => [...d.children].map(
		c => c.textContent))]))), 200));
}

async function checkPanels(tab, database) {
	const all = inputs(database, 30);
	await tab.route("#/panels");
	const found = await tab.run(panels);
	same("every input is there", Object.keys(found).length, all.length);
	for (const input of all) {
		const name = NAMES[input.serial + "/" + input.port];
		const facts = Object.fromEntries(found[name] || []);
		same(`${name}: month and year`, [facts.Month, facts.Year],
			[amount(input.month, "Wh"), amount(input.year, "Wh")]);
		// The API has rounded it to 0.1 % before.
		const share = 100 * shareOf(input, all);
		ok(`${name}: its share`, Math.abs(parseInt(facts.Share) -
			share) < 0.56, `${facts.Share} and ${share}`);
	}
	const text = await tab.run(() => document.querySelector("#r-panels")
		.innerText);
	note(text.split("\n").filter(line => /below|loses/.test(line)).join(
		"; "));
	ok("the weak input stands out", /South 3.*below/s.test(text));
}

async function checkNow(tab, database, records) {
	await tab.route("#/now");
	const found = await tab.run(cards, "#r-now");
	const ports = records.filter(r => r.type === "port");
	const sum = key => ports.reduce((n, r) => n + r[key], 0);
	const of = name => sums(database, name.length).find(
		r => r.name === name).made;
	const shown = name => found[name]?.[0].replace(/(\d)([kM]?W)/, "$1 $2");
	same("today", shown("Today"), amount(sum("today_production"), "Wh"));
	same("this month", shown("This month"), amount(of(TODAY.slice(0, 7)),
		"Wh"));
	same("this year", shown("This year"), amount(of(TODAY.slice(0, 4)),
		"Wh"));
	same("lifetime", shown("Lifetime"), amount(sum("total_production"),
		"Wh"));
	const best = sums(database, 10).sort((a, b) => b.made - a.made)[0];
	same("the best day", shown("Best day"), amount(best.made, "Wh"));
	ok("the page says whose time it is", /Europe\/Berlin.*14:3\d.*02:3\d/
		.test(await tab.run(() => document.querySelector("#zone")
		.innerText)), await tab.run(() => document.body.innerText));
}

// The commands of tests/page/lib/history.js, newest first.
const orders = { "en-GB": ["Commands " +
	"Temporary limit: refused",
["Temporary limit: refused", "House · 14:10", "no limit"],
["Turn off: not known whether it was carried out", "House · Roof above · " +
	"14:00 · from homeassistant/hoymiles_mqtt/command · 2 min",
"nothing shows it"],
["Command: refused", "House · 13:00", "no action"],
["Temporary limit to 413 W: no result yet",
	"Garage · 12:15 · from hm-limit"],
["Limit to 62.5 %: done", "House · 19 Jun, 10:00 · from stdin · 9 sec"]],
"de-DE": ["Befehle Vorübergehend begrenzen: abgelehnt",
["Vorübergehend begrenzen: abgelehnt", "House · 14:10", "no limit"],
["Ausschalten: nicht bekannt, ob ausgeführt", "House · Roof above · 14:00 · " +
	"von homeassistant/hoymiles_mqtt/command · 2 Min.",
"nothing shows it"],
["Befehl: abgelehnt", "House · 13:00", "no action"],
["Vorübergehend begrenzen auf 413 W: noch kein Ergebnis",
	"Garage · 12:15 · von hm-limit"],
["Begrenzen auf 62,5 %: erledigt",
	"House · 19. Juni, 10:00 · von stdin · 9 Sek."]] };

async function checkOrders(tab, language) {
	await tab.route("#/events");
	const found = await tab.run(() => {
		const box = document.querySelector("#commands");
		return box.hidden ? null : [box.querySelector("summary")
			.textContent.trim(), ...[...box.querySelectorAll("li")]
			.map(li => [...li.children].filter(x => !x.hidden)
			.map(x => x.textContent))];
	});
	same(`${language}: commands, with what became of them`, found,
		orders[language]);
}

// What the generator made is what the database has, so that SQL is not only
// compared with itself. The first poll counts nothing, and each input is
// rounded.
function checkMade(database, plant) {
	for (const [i, { serial, port }] of require("../lib/plant.js").INPUTS
		.entries()) {
		const [{ made }] = sql(database, `SELECT
			sum(today_production) AS made FROM port_daily
			WHERE serial = '${serial}' AND port = ${port}`);
		const real = plant.total[i] - (1e6 + 1000 * i);
		ok(`${NAMES[serial + "/" + port]}: SQL has what it made`,
			Math.abs(made - real) < 400, `${made} and ${real}`);
	}
}

run(async () => {
	const { database, plant } = await history();
	note(`${sums(database, 10).length} days, ${plant.seed} is the seed`);
	checkMade(database, plant);
	const clock = clockAt(NOW);
	const server = await Server.start({ clock, database, options: [
		"--currency", "EUR", "--price-own", PRICES.own, "--price-given",
		PRICES.given, "--co2-g-kwh", GRAMS, ...Object.entries(NAMES)
		.flatMap(([device, name]) => ["--names",
		`${device}=${name}`])] });
	const records = plant.poll(NOW / 1000);
	server.tell(records);
	await server.plant(p => p.units.length === 3);
	const browser = await Browser.start(work);
	for (const language of ["en-GB", "de-DE"]) {
		const tab = await browser.open({ zone: BROWSER_ZONE, clock,
			language });
		await tab.resize(1280);
		await tab.go(server.url);
		await checkHistory(tab, database, language);
		await checkOrders(tab, language);
		if (language === "en-GB") {
			await checkSums(tab, database, "2026");
			await checkSums(tab, database, "2026-05");
			await checkRecords(tab, database);
			await checkGaps(tab);
			await checkPanels(tab, database);
			await checkNow(tab, database, records);
		}
		none("the console is empty", tab.takeComplaints());
		await tab.close();
	}
	note(`the plant is in ${ZONE}, the browser in ${BROWSER_ZONE}`);
	await server.stop();
	await browser.close();
});
