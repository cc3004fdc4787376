// What hybrid inverters tell: where the power goes, and how full batteries are.
const paths = [["solar", "house", "pv_to_load"],
	["solar", "battery", "pv_to_battery"], ["solar", "grid", "pv_to_grid"],
	["battery", "house", "battery_to_load"],
	["battery", "grid", "battery_to_grid"],
	["grid", "house", "grid_to_load"]];

// An arrow with its ends and its power; for screen readers a sentence
function pathRow([from, to]) {
	const seen = make("span", "row", make("span", "", t(from), " → ",
		t(to)), make("strong"));
	seen.setAttribute("aria-hidden", "true");
	return make("li", "", seen, make("span", "sr"));
}

function showPath(row, [from, to, , watts]) {
	const power = inUnit(watts, "W");
	setText(row.querySelector("strong"), power);
	setText(row.lastChild, t("path", t(from), t(to), power));
}

function showPaths(hybrids) {
	const all = paths.map(([from, to, key]) => [from, to, key, sumKnown(
		hybrids.map(h => h[key]))]).filter(([, , , n]) => known(n));
	byId("s-paths").hidden = !all.length;
	showList(byId("paths"), all.filter(([, , , n]) => n > 0),
		([, , key]) => key, pathRow, showPath);
	byId("no-path").hidden = all.some(([, , , n]) => n > 0);
}

function sumKnown(numbers) {
	const all = numbers.filter(known);
	return all.length ? all.reduce((a, b) => a + b, 0) : null;
}

// The sign of a battery's power is the device's: the flows tell the direction, but
// not all of the power, since none is from the grid to the battery.
function batteryText(h) {
	const into = h.pv_to_battery || 0;
	const out = (h.battery_to_load || 0) + (h.battery_to_grid || 0);
	if (into !== out)
		return t(into > out ? "charges" : "gives",
			inUnit(Math.abs(h.battery || into - out), "W"));
	return h.battery ? inUnit(Math.abs(h.battery), "W") :
		known(h.battery) ? t("rests") : "";
}

function batteryCard() {
	const bar = make("div", "bar wide", make("i"));
	bar.setAttribute("aria-hidden", "true");
	return card(bar);
}

function showBattery(node, h) {
	showCard(node, h.title || h.serial, known(h.soc) ?
		percent(h.soc / 100) : "–", batteryText(h));
	node.querySelector("i").style.backgroundSize = (h.soc || 0) + "% 100%";
}

function showHybrids(plant) {
	const hybrids = plant.hybrids || [];
	const batteries = hybrids.filter(h => "soc" in h);
	showPaths(hybrids);
	byId("s-batteries").hidden = !batteries.length;
	showList(byId("batteries"), batteries, h => h.dtu + "/" + h.serial,
		batteryCard, showBattery);
}
