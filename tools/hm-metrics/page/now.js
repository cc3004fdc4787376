// Now: what the plant does, its energies against the past, and the day's curve.
const past = { days: null, records: null, yesterday: null, at: 0 };

// The sum of a column of days from one date to another; null if none is known
function sumOf(days, column, from, to) {
	let sum = null;
	days.at.forEach((day, i) => {
		if (day >= from && day <= to && known(days[column][i]))
			sum = (sum || 0) + days[column][i];
	});
	return sum;
}

function showNote(id, value) {
	setText(byId(id + "-note"), value);
}

// A sum of the history: hidden as long as nothing is known
function showSum(id, n, unit, note) {
	byId(id).parentNode.hidden = !known(n);
	showAmount(byId(id), n, unit);
	showNote(id, note);
}

// "+12 % against ..."
function change(n, than, what) {
	if (!known(n) || !than)
		return "";
	const part = Math.round(100 * (n / than - 1));
	return t("against", (part > 0 ? "+" : part < 0 ? "−" : "±") +
		number(Math.abs(part)) + " %", what);
}

// What the plant had made yesterday at this time of the day: the part of the
// curve until then, of the energy of the whole day.
function yesterdayByNow() {
	const points = past.yesterday;
	if (!points)
		return null;
	const day = addDays(dayOf(now()), -1);
	const made = sumOf(past.days, "made", day, day);
	const whole = energyOf(points);
	return known(made) && whole ? made * energyOf(points.slice(0,
		minuteOf(now()) / STEP)) / whole : null;
}

// This month until yesterday against the same days a year before
function showMonth(today) {
	const first = today.slice(0, 8) + "01", days = past.days;
	const then = addYears(first, -1), until = addDays(today, -1);
	let sum = 0, before = 0;
	days.at.forEach((day, i) => {
		const other = days.at.indexOf(addYears(day, -1));
		if (day >= first && day <= until && other >= 0 &&
			known(days.made[i]) && known(days.made[other])) {
			sum += days.made[i];
			before += days.made[other];
		}
	});
	showSum("month", sumOf(days, "made", first, today), "Wh",
		change(sum, before, dayText(then, { month: "short",
		year: "numeric" })));
}

function showBest() {
	const best = past.records.find(r => r.what === "best day");
	showSum("best", best && best.value * 1000, "Wh", "");
	if (!best)
		return;
	const note = byId("best-note"), day = dayText(best.at);
	if (!note.firstChild)
		note.append(link(""));
	note.firstChild.href = "#/now/" + best.at;
	setText(note.firstChild, day);
}

function showSums(plant) {
	const today = dayOf(now()), price = worth(plant.today);
	const days = past.days;
	const given = days && sumOf(days, "given", today, today);
	showAmount(byId("today"), plant.today, "Wh");
	// With a reset_hour in the evening the new day has not begun here.
	showNote("today", days && plant.today ? change(plant.today,
		yesterdayByNow(), t("yesterday_by_now")) : "");
	showAmount(byId("total"), plant.total, "Wh");
	showNote("total", joined([savedCO2(plant.total)]));
	byId("worth").parentNode.hidden = price === null;
	if (price !== null)
		setText(byId("worth"), money(worth(plant.today, given)));
	showNote("worth", price === null ? "" : t("a_kwh",
		money(plant.price_own)));
	if (!days)
		return;
	showMonth(today);
	showSum("year", sumOf(days, "made", today.slice(0, 5) + "01-01",
		today), "Wh", "");
	if (past.records)
		showBest();
}

// The bar is of the power that the inverters are rated for, or of the highest.
function showPower(plant) {
	const rated = plant.units.map(u => u.rated);
	const all = rated.length && rated.every(known) ?
		rated.reduce((a, b) => a + b, 0) : null;
	const record = past.records && past.records.find(
		r => r.what === "highest power");
	const most = all || Math.max(record ? record.value : 0,
		...plant.curve.filter(known));
	showAmount(byId("watts"), plant.watts, "W");
	byId("share").hidden = !most;
	byId("share").firstChild.style.backgroundSize = Math.max(0, Math.min(
		100, 100 * (plant.watts || 0) / (most || 1))) + "% 100%";
	setText(byId("highest"), joined([
		all && known(plant.watts) ? t("of_rated", percent(plant.watts /
		all), inUnit(all, "W")) : null,
		record ? t("highest", inUnit(record.value, "W"), dayText(dayOf(
		record.at))) : null]));
}

// From the panels to the house and the grid: a meter counts what comes from the
// grid, less what goes there.
function showFlow(plant) {
	const powers = plant.meters.map(m => m.watts);
	const grid = !plant.hybrids && powers.length && powers.every(known) ?
		powers.reduce((a, b) => a + b, 0) : null;
	byId("flow").hidden = grid === null;
	byId("s-meters").hidden = plant.meters.length < 2;
	showList(byId("meters"), plant.meters, m => m.serial, () => card(),
		(node, meter) => showCard(node, meter.title || meter.serial,
		inUnit(meter.watts, "W"), !known(meter.watts) ? "" :
		t(meter.watts < 0 ? "to_grid" : "from_grid")));
	if (grid === null)
		return;
	showAmount(byId("f-solar"), plant.watts, "W");
	showAmount(byId("f-house"), known(plant.watts) || isNight(plant) ?
		Math.max(0, (plant.watts || 0) + grid) : null, "W");
	showAmount(byId("f-grid"), Math.abs(grid), "W");
	setText(byId("f-way"), grid < 0 ? "→" : "←");
	setText(byId("f-grid-name"), t(grid < 0 ? "to_grid" : "from_grid"));
}

// What the page waits for
function waitText(plant) {
	if (!plant.dtus.length)
		return t("no_dtu");
	const waits = plant.dtus.filter(d => !d.answered);
	if (waits.length && !plant.units.length)
		return t("wait_answer", waits.map(d => d.title || d.name).join(
			", "));
	if (isNight(plant)) {
		const asleep = plant.units.filter(u => !powerOf(u)).length;
		const last = plant.curve.reduce((at, n, i) => n > 0 ? i + 1 :
			at, 0);
		return asleep ? tn(last ? "night_since" : "night", asleep,
			hourOf(last)) : "";
	}
	return plant.units.length && !known(plant.today) ? t("wait_energy") :
		"";
}

function showWait(plant) {
	const text = waitText(plant);
	byId("wait").hidden = !text;
	setText(byId("wait"), text);
}

// A storm of alarms must not hide the plant: the rest stands on Events.
function showAlarms(troubles) {
	const rest = troubles.length - NAMED;
	showTroubles(byId("alarms"), troubles.slice(0, NAMED));
	byId("s-alarms").hidden = !troubles.length;
	byId("more").hidden = rest <= 0;
	setText(byId("more"), t("and_more", number(rest)));
}

// The history is asked for once in five minutes, as often as it changes.
async function loadPast(signal) {
	const today = dayOf(now());
	past.at = Date.now();
	const age = 300000;
	const days = await load("/api/days?from=" + addYears(today.slice(0, 8) +
		"01", -1) + "&to=" + today, signal, age);
	past.days = days;
	past.records = (await load("/api/records", signal, age)).records;
	past.yesterday = await loadCurve(addDays(today, -1), signal);
	setWeak(await load("/api/panels?days=30", signal, age));
}

routes.now = {
	shown: null,
	open(args) {
		this.shown = new AbortController();
		past.at = 0;
		openCurve(/^\d{4}-\d\d-\d\d$/.test(args[0]) ? args[0] : null);
	},
	show(plant) {
		if (Date.now() - past.at > 300000)
			loadPast(this.shown.signal).then(() => this.shown &&
				this.show(data.plant), () => {});
		showWait(plant);
		showAlarms(troublesOf(plant));
		showPower(plant);
		showFlow(plant);
		showHybrids(plant);
		showSums(plant);
		showUnits(plant);
		showCurve(plant);
	},
	close() {
		this.shown.abort();
		this.shown = null;
	}
};
