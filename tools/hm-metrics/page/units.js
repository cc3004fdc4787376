// Inverters and their inputs: a card each, or for a large plant a map of all.
const CARDS = 12, NAMED = 8;

// The verdicts on inputs that need a look, by serial number and port
const weak = new Map();

const weakKey = (serial, port) => serial + "/" + port;

function setWeak(answer) {
	weak.clear();
	for (const panel of answer.panels) {
		const verdict = verdictOf(panel, answer);
		if (verdict.odd)
			weak.set(weakKey(panel.serial, panel.port), verdict);
	}
}

const nameOf = unit => unit.title || unit.serial;
const inputName = port => port.title || t("input", port.port);

// The power of an inverter, or the sum of its inputs
function powerOf(unit) {
	const powers = unit.ports.map(p => p.watts).filter(known);
	return known(unit.watts) || !powers.length ? unit.watts :
		powers.reduce((a, b) => a + b, 0);
}

function portsTable() {
	const row = make("tr");
	for (const key of ["input_head", "drawn", "power", "today"]) {
		const cell = make("th", "", t(key));
		cell.scope = "col";
		row.append(cell);
	}
	return make("table", "", make("caption", "sr", t("inputs")),
		make("thead", "sr", row), make("tbody"));
}

function portRow() {
	const name = make("th"), bar = make("td", "bar", make("i"));
	name.scope = "row";
	bar.setAttribute("aria-hidden", "true");
	return make("tr", "", name, bar, make("td"), make("td"));
}

function showPort(row, unit, port, most) {
	const [name, bar, power, today] = row.children;
	const verdict = weak.get(weakKey(unit.serial, port.port));
	setText(name, inputName(port));
	bar.firstChild.style.backgroundSize = Math.max(0, 100 *
		(port.watts || 0) / most) + "% 100%";
	setText(power, inUnit(port.watts, "W"));
	setText(today, inUnit(port.today, "Wh"));
	name.dataset.weak = verdict ? verdict.text : "";
}

function factsOf(plant, unit) {
	return joined([unit.title ? unit.label || unit.serial : unit.label,
		unit.kind, plant.dtus.length > 1 ? titleOf(plant, unit.dtu) :
		null, known(unit.celsius) ? number(unit.celsius, 1) + " °C" :
		null, unit.link === 0 ? t(isNight(plant) ? "asleep" :
		"not_heard") : null]);
}

function showCards(plant, units, most) {
	showList(byId("units"), units, u => u.dtu + " " + u.serial,
		() => card(portsTable()), (node, unit) => {
			const watts = powerOf(unit);
			node.classList.toggle("off", !known(watts));
			showCard(node, nameOf(unit), inUnit(watts, "W"),
				factsOf(plant, unit));
			showList(node.querySelector("tbody"), unit.ports,
				p => String(p.port), portRow, (row, port) =>
				showPort(row, unit, port, most));
		});
}

// The median power of each DTU's inputs
function medians(plant) {
	const of = {};
	for (const unit of plant.units)
		for (const port of unit.ports)
			if (known(port.watts))
				(of[unit.dtu] ||= []).push(port.watts);
	for (const name in of)
		of[name] = of[name].sort((a, b) => a - b)[of[name].length >> 1];
	return of;
}

// Inputs far below the median, weakest first, and inverters that are not heard
function outliers(plant) {
	const middle = medians(plant), odd = [], away = [];
	for (const unit of plant.units) {
		if (unit.link === 0 && !isNight(plant))
			away.push({ key: unit.serial, text: nameOf(unit) +
				": " + t("not_heard") });
		for (const port of unit.ports) {
			const key = weakKey(unit.serial, port.port);
			const part = port.watts / middle[unit.dtu];
			const low = known(port.watts) && part < 0.7 &&
				middle[unit.dtu] > 20;
			if (low || weak.has(key))
				odd.push({ key, part: low ? part :
					weak.get(key).level,
					text: nameOf(unit) + " · " +
					inputName(port) + ": " + (low ?
					t("others_about", inUnit(port.watts,
					"W"), inUnit(middle[unit.dtu], "W")) :
					weak.get(key).text) });
		}
	}
	return away.concat(odd.sort((a, b) => a.part - b.part));
}

function showMap(plant, units, most, odd) {
	const marked = new Set(odd.map(o => o.key));
	showList(byId("map"), units, u => u.dtu + " " + u.serial,
		() => make("li", "", make("span"), make("div"), make("span")),
		(node, unit) => {
			const [name, inputs, power] = node.children;
			inputs.setAttribute("aria-hidden", "true");
			setText(name, unit.title || "…" +
				unit.serial.slice(-4));
			setText(power, inUnit(powerOf(unit), "W"));
			node.title = nameOf(unit);
			showList(inputs, unit.ports, p => String(p.port),
				() => make("i"), (cell, port) => {
					cell.style.backgroundSize = "100% " +
						Math.max(0, 100 * (port.watts ||
						0) / most) + "%";
					cell.classList.toggle("weak",
						marked.has(weakKey(unit.serial,
						port.port)));
				});
		});
}

function showUnits(plant) {
	const many = plant.units.length > CARDS;
	const most = Math.max(1, ...plant.units.flatMap(
		u => u.ports.map(p => p.watts || 0)));
	const odd = many ? outliers(plant) : [];
	const rest = odd.length - NAMED;
	byId("s-units").hidden = plant.units.length === 0;
	byId("standing").hidden = !many;
	if (many)
		setText(byId("standing"), tn("outliers", odd.length,
			number(plant.units.length)));
	showList(byId("outliers"), odd.slice(0, NAMED).concat(rest > 0 ?
		{ key: "rest", text: t("and_more", number(rest)) } : []),
		o => o.key, () => make("li"), (node, o) =>
		setText(node, o.text));
	showCards(plant, many ? [] : plant.units, most);
	showMap(plant, many ? plant.units : [], most, odd);
}
