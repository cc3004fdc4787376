// History: the days of a month (#/history/2026-10), the months of a year
// (#/history/2026) or all years (#/history/all); of an inverter or one of its
// inputs with its numbers behind that: #/history/2026-10/116154403054/1.
routes.history = (() => {
const AGE = 300000; // ms until days that still grow are fetched again
const RETRY = 10000; // ms after a failure
const KEYS = ["made", "own", "given", "taken", "then"];

// What is shown: a month, a year or "all"; of the plant or a device. A day, a
// month or a year has such a name, too: "2026-10-03".
let span = "", serial = "", port = "";
let answer = null, path = "", asked = 0, abort = null;
let nodes = null;

const isAll = () => span === "all";
const isYear = () => span.length === 4;
const today = () => dayOf(now());
const energy = n => known(n) ? inUnit(n, "Wh") : "";
const two = n => String(n).padStart(2, "0");
const upTo = (n, name) => Array.from({ length: n }, (_, i) => name + "-" +
	two(i + 1));
const yearBefore = name => String(name.slice(0, 4) - 1) + name.slice(4);
const lastOf = month => new Date(Date.UTC(month.slice(0, 4), month.slice(5),
	0)).getUTCDate();
const monthText = (name, month) => dayText(name, { month });
const yearsOf = () => [...new Set(answer.at.map(at => at.slice(0, 4)))];
const address = name => name.length === 10 ? "#/now/" + name :
	joinedBy("/", "#/history", name, serial, port);
const go = name => { location.hash = address(name); };

function joinedBy(mark, ...parts) {
	return parts.filter(Boolean).join(mark);
}

// 2026; October 2026; Sat, 3 Oct 2026
function nameText(name) {
	return name === "all" ? t("all_years") : name.length === 4 ? name :
		name.length === 7 ? dayText(name, { month: "long",
		year: "numeric" }) : dayText(name);
}

// The month or year before or after this one
function stepped(n) {
	return isYear() ? String(+span + n) : new Date(Date.UTC(
		span.slice(0, 4), span.slice(5) - 1 + n)).toISOString()
		.slice(0, 7);
}

// A path for the device, of the days of two spans and between
function pathOf(by, from, to, ...more) {
	return "/api/" + by + "?" + joinedBy("&", ...isAll() ? [] : ["from=" +
		from + (from.length === 4 ? "-01-01" : "-01"),
		"to=" + to + (to.length === 4 ? "-12-31" : "-" + lastOf(to))],
		...more);
}

const ofDevice = () => joinedBy("&", serial && "serial=" +
	encodeURIComponent(serial), port && "port=" +
	encodeURIComponent(port));

// Sums

// Of the days or months whose names begin with `name`
function total(name) {
	const sum = { name, days: 0 };
	answer.at.forEach((at, i) => {
		if (!at.startsWith(name))
			return;
		sum.days += answer.days[i];
		for (const key of KEYS)
			if (answer[key] && known(answer[key][i]))
				sum[key] = (sum[key] || 0) + answer[key][i];
	});
	return sum;
}

const madeBy = () => new Map(answer.at.map((at, i) => [at, answer.made[i]]));

// Of the days of the span that are over and known in the year before, too
function sameDays() {
	const made = madeBy(), sum = { now: 0, then: 0 };
	for (const [at, n] of made) {
		const then = made.get(yearBefore(at));
		if (at.startsWith(span) && at < today() && known(n) &&
			known(then)) {
			sum.now += n;
			sum.then += then;
		}
	}
	return sum;
}

// The bars: days of a month, months of a year, or years
function bars() {
	const names = isAll() ? yearsOf() : upTo(isYear() ? 12 : lastOf(span),
		span);
	return names.map(name => ({ ...total(name), then: isAll() ? null :
		total(yearBefore(name)).made }));
}

// What is shown of them

// "Sat, 3 Oct 2026: 12.3 kWh · used in the house 5.1 kWh · ..."
function say(bar) {
	return joined([nameText(bar.name) + ": " + (energy(bar.made) ||
		t("no_reading")), ...KEYS.slice(1).map(key => known(bar[key]) ?
		t(key) + " " + energy(bar[key]) : "")]);
}

function sayBest(list) {
	const best = list.reduce((a, b) => (b.made || 0) > (a.made || 0) ? b :
		a, {});
	return best.made ? t("best_of", nameText(best.name),
		energy(best.made)) : t("no_reading");
}

// What no meter has split is "made".
function split(bar) {
	const made = bar.made || 0, own = Math.min(made, bar.own || 0);
	const given = Math.min(made - own, bar.given || 0);
	return { own, given, made: made - own - given };
}

function showBars(list) {
	nodes.bars.show({ name: t("energy_of", nameText(span)),
		count: list.length, open: i => go(list[i].name),
		say: i => i === null ? sayBest(list) : say(list[i]),
		draw: drawBars(list.map(bar => ({ parts: split(bar),
			then: bar.then, label: isAll() ? bar.name : isYear() ?
			monthText(bar.name, "short") :
			String(+bar.name.slice(8)) })), "Wh") });
	nodes.keys.hidden = !list.some(bar => known(bar.given));
	nodes.then.hidden = !list.some(bar => known(bar.then));
}

// The days of a year in a row for each month, or the months of all years
function showCalendar() {
	const rows = isAll() ? yearsOf() : upTo(12, span.slice(0, 4));
	const count = isAll() ? 12 : 31, made = madeBy();
	const names = rows.flatMap(row => upTo(count, row));
	const last = today().slice(0, isAll() ? 7 : 10);
	const values = names.map(name => name > last || (!isAll() &&
		+name.slice(8) > lastOf(name.slice(0, 7))) ? undefined :
		made.get(name) ?? null);
	nodes.calendar.show({ name: t("calendar"), count: names.length,
		steps: heatSteps(count), open: i => go(names[i]),
		known: i => values[i] !== undefined,
		say: i => i === null ? t(isAll() ? "calendar_months" :
			"calendar_days") : say({ name: names[i],
			made: values[i] }),
		draw: drawHeat(rows.map(row => isAll() ? row : monthText(row,
			"short")), names.slice(0, count).map(name => isAll() ?
			monthText(name, "narrow") : String(+name.slice(8))),
			values, mostOf(values)) });
}

// [key, text, note]
function sumsOf({ made, own, given, taken, days }) {
	const same = isAll() ? {} : sameDays(), value = worth(made, given);
	return [
		["made", energy(made), tn("days", days)],
		["a_day", days ? energy(made / days) : ""],
		["own", energy(own), own + given > 0 ? percent(own / (own +
			given)) : ""],
		["given", energy(given)],
		["taken", energy(taken)],
		["then", same.then ? energy(same.then) : "", change(same.now,
			same.then, t("same_days"))],
		["worth", known(value) ? money(value) : ""],
		["co2_saved", savedCO2(made)],
	].filter(([, text]) => text);
}

function showSums() {
	showList(nodes.sums, sumsOf(total(isAll() ? "" : span)),
		([key]) => key, ([key]) => make("div", "card", make("dt", "",
		t(key)), make("dd"), make("dd", "soft")),
		(node, [, text, note]) => {
			setText(node.children[1], text);
			setText(node.children[2], note || "");
		});
}

function cell(name, scope, text) {
	const node = make(name, "", text);
	node.scope = scope;
	return node;
}

// The numbers in kWh, to the last Wh
function showTable(list) {
	const keys = KEYS.filter(key => list.some(bar => known(bar[key])));
	nodes.head.replaceChildren(make("td"), ...keys.map(key => cell("th",
		"col", t(key))));
	showList(nodes.rows, list.filter(bar => keys.some(key =>
		known(bar[key]))), bar => bar.name + keys, bar => make("tr", "",
		cell("th", "row", nameText(bar.name)), ...keys.map(() =>
		make("td"))), (row, bar) => keys.forEach((key, i) => setText(
		row.children[i + 1], known(bar[key]) ? number(bar[key] / 1000,
		3) : "–")));
}

// Days of the span on which a DTU had no reading
function showGaps(gaps) {
	nodes.gaps.parentNode.hidden = !gaps.length;
	showList(nodes.gaps, gaps, gap => gap.dtu + gap.start, () =>
		make("li"), (node, gap) => setText(node, joined([titleOf(
		data.plant, gap.dtu), dayText(gap.start) + (gap.days > 1 ?
		" – " + dayText(gap.end) : ""), tn("days", gap.days),
		gap.energy ? t("all_the_same", energy(gap.energy)) : ""])));
}

function showRecords(records) {
	nodes.best.parentNode.hidden = !records.length;
	showList(nodes.best, records, r => r.what, () => card(link("")),
		(node, { what, at, value, unit }) => {
		const isPower = unit === "W", day = isPower ? dayOf(at) : at;
		showCard(node, isPower ? t("highest_power") : t("best_" +
			what.slice(5)), isPower ? inUnit(value, unit) :
			energy(1000 * value), "");
		node.lastChild.href = address(day);
		setText(node.lastChild, nameText(day) + (isPower ? ", " +
			shown(at).slice(11, 16) : ""));
	});
}

// Ways to elsewhere

function showLink(node, name) {
	node.hidden = !name;
	if (name)
		node.href = address(name);
	node.ariaCurrent = name === span ? "true" : null;
}

function showLinks() {
	const day = today(), before = !isAll() && stepped(-1);
	const after = !isAll() && stepped(1);
	const year = isAll() ? day.slice(0, 4) : span.slice(0, 4);
	const month = isAll() || isYear() ? day.startsWith(year) ?
		day.slice(0, 7) : year + "-12" : span;
	showLink(nodes.before, (!answer || answer.at[0] < span) && before);
	showLink(nodes.after, after <= day && after);
	[month, year, "all"].forEach((name, i) => showLink(
		nodes.spans.children[i], name));
	setText(nodes.name, nameText(span));
	showList(nodes.csv, isAll() ? ["years", "months"] : isYear() ?
		["months", "days"] : ["days"], by => by, () => make("li", "",
		link("")), (node, by) => {
			node.firstChild.href = pathOf(by, span, span,
				ofDevice(), "format=csv");
			setText(node.firstChild, t("csv_" + by));
		});
}

// The choice of the plant, an inverter or an input
function showDevices() {
	const value = joinedBy("/", serial, port);
	const all = [["", t("whole_plant")], ...data.plant.units.flatMap(
		unit => [[unit.serial, nameOf(unit)], ...unit.ports.map(p =>
		[unit.serial + "/" + p.port, nameOf(unit) + " · " +
		inputName(p)])])];
	if (!all.some(([other]) => other === value))
		all.push([value, value]);
	nodes.device.replaceChildren(...all.map(([of, name]) => new Option(name,
		of, false, of === value)));
}

// One request at a time; leaving the route aborts it.
async function fetchAll() {
	const { signal } = abort = new AbortController();
	const wanted = isAll() ? pathOf("months", "", "", ofDevice()) : pathOf(
		"days", yearBefore(span.slice(0, 4)), span.slice(0, 4),
		ofDevice());
	asked = Date.now();
	nodes.all.ariaBusy = String(path !== wanted);
	try {
		answer = await load(wanted, signal);
		signal.throwIfAborted();
		path = wanted;
		nodes.all.ariaBusy = "false";
		setText(nodes.note, "");
		const list = bars();
		showLinks();
		showBars(list);
		showCalendar();
		showSums();
		showTable(list);
		showGaps((await load(pathOf("gaps", span, span), signal)).gaps);
		showRecords(serial ? [] : (await load("/api/records", signal))
			.records);
	} catch (error) {
		if (signal.aborted)
			return;
		setText(nodes.note, error.message);
		asked = Date.now() - AGE + RETRY;
	}
}

function build() {
	const part = (key, node) => make("section", "", make("h3", "head",
		t(key)), node);
	const step = (key, sign) => {
		const node = make("a", "button", sign);
		node.ariaLabel = t(key);
		return node;
	};
	const mark = key => make("span", "key " + key, t(key));
	nodes = { note: make("p", "soft"), before: step("span_before", "‹"),
		after: step("span_after", "›"), name: make("strong"),
		spans: make("nav", "tools", ...["month", "year", "all_years"]
			.map(key => make("a", "button", t(key)))),
		device: make("select"), bars: chart(), calendar: chart(),
		keys: make("span", "", mark("own"), mark("given")),
		then: mark("then"), sums: make("dl", "sums"),
		gaps: make("ul"), best: make("ul", "list"), csv: make("ul"),
		head: make("tr"), rows: make("tbody") };
	nodes.table = make("div", "scroll", make("table", "", make("caption",
		"", t("in_kwh")), make("thead", "", nodes.head), nodes.rows));
	nodes.table.tabIndex = 0;
	nodes.table.role = "region";
	nodes.table.ariaLabel = t("in_kwh");
	nodes.note.role = "status";
	nodes.spans.ariaLabel = t("span");
	nodes.device.ariaLabel = t("device");
	nodes.device.addEventListener("change", () => {
		[serial, port] = nodes.device.value.split("/");
		go(span);
	});
	nodes.all = make("div", "", make("div", "card", make("p", "keys",
		nodes.keys, nodes.then), nodes.bars.node), nodes.sums,
		part("calendar", make("div", "card", nodes.calendar.node)),
		part("gaps", nodes.gaps), part("records", nodes.best),
		make("details", "", make("summary", "", t("as_table")),
		nodes.table), nodes.csv);
	byId("r-history").append(make("div", "tools", nodes.before, nodes.name,
		nodes.after, nodes.spans, nodes.device), nodes.note, nodes.all);
	nodes.gaps.parentNode.hidden = nodes.best.parentNode.hidden = true;
}

return {
	open(args) {
		[span = "", serial = "", port = ""] = args;
		if (span !== "all" && !/^\d{4}(-(0[1-9]|1[0-2]))?$/.test(span))
			span = today().slice(0, 7);
		if (!nodes)
			build();
		showDevices();
		showLinks();
		fetchAll();
	},
	show() {
		if (Date.now() - asked > AGE && (isAll() ||
			today().startsWith(span) || nodes.note.textContent)) {
			abort.abort();
			fetchAll();
		}
	},
	close() {
		abort.abort();
	}
};
})();
