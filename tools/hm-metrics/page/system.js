// System: the DTUs, and the chain that reads them.
const statusKeys = { online: "online", error: "no_answer", stale: "repeats",
	unknown: "not_heard_yet" };

// The answer of /api/system, once it has come
let system = { dtus: [], tools: [], settings: [] };

function stateOf(plant, dtu) {
	if (dtu.status === "error" && isNight(plant))
		return t("asleep");
	const last = /^(online|stale)$/.test(dtu.status) || !dtu.answered ? "" :
		", " + t("last", moment(dtu.answered));
	return t(statusKeys[dtu.status]) + last;
}

// What is known of a DTU: of /api/system, and newer of /api/plant
function factsOfDtu(dtu, bad) {
	const facts = { ...system.dtus.find(d => d.name === dtu.name), ...dtu };
	const { host, port, transport, signal, answered, polls } = facts;
	return [["name", dtu.title && dtu.name],
		["address", host && port ? host + ":" + port : host],
		["transport", transport], ["serial", facts.serial],
		["model", facts.model], ["firmware", facts.firmware],
		["signal", known(signal) && number(signal) + " %"],
		["last_answer", answered && moment(answered)],
		["polls", known(polls) && number(polls) + ", " +
			t("failed_polls", number(facts.failed || 0))],
		["what_to_do_head", bad && facts.hint]];
}

function showDtu(node, plant, dtu) {
	const state = node.querySelector(".state");
	const bad = dtu.status === "stale" || (dtu.status === "error" &&
		!isNight(plant));
	showCard(node, dtu.title || dtu.name, inUnit(dtu.watts, "W"),
		dtu.reason ? joined([dtu.reason, waiting(dtu)]) :
		known(dtu.today) ? t("made_today", inUnit(dtu.today, "Wh")) :
		"");
	setText(state, stateOf(plant, dtu));
	state.classList.toggle("good", dtu.status === "online");
	state.classList.toggle("bad", bad);
	showFacts(node.querySelector("dl"), factsOfDtu(dtu, bad));
}

const yesNo = flag => known(flag) || flag === null ? null :
	t(flag ? "yes" : "no");
const counted = n => known(n) && number(n);

function partsOf({ mqtt, database, tools, settings }) {
	const parts = tools.map(tool => [tool.name, [
		["version", tool.version], ["passes", tool.silent ?
			t("silent") : yesNo(tool.moving)],
		["last_report", tool.time && moment(tool.time)],
		["uptime", known(tool.uptime) && lasted(tool.uptime)],
		["memory", known(tool.memory) && inUnit(tool.memory, "B")],
		["lines_in", counted(tool.records_in)],
		["lines_out", counted(tool.records_out)],
		["bad_lines", counted(tool.bad_lines)],
		["deaths", tool.deaths && number(tool.deaths)]]]);
	if (database)
		parts.unshift([t("database"), [
			["file", database.path],
			["size", known(database.bytes) &&
				inUnit(database.bytes, "B")],
			["days_kept", database.first_day &&
				dayText(database.first_day) + " – " +
				dayText(database.last_day)],
			["writing", yesNo(database.writing)],
			["written", counted(database.rows)],
			["queued", counted(database.queued)],
			["dropped", counted(database.lost)]]]);
	if (mqtt)
		parts.unshift([t("mqtt"), [
			["connected", yesNo(mqtt.connected)],
			["connections", counted(mqtt.connections)],
			["sent", counted(mqtt.sent)],
			["queued", counted(mqtt.queued)],
			["dropped", counted(mqtt.dropped)]]]);
	return parts.concat([[t("settings"), settings.map(
		s => [s.name, s.value])]]);
}

function showParts() {
	showList(byId("parts"), partsOf(system), ([title]) => title,
		() => make("li", "card", make("h3"), make("dl", "facts")),
		(node, [title, facts]) => {
			setText(node.firstChild, title);
			showFacts(node.lastChild, facts);
		});
}

routes.system = {
	shown: null,
	open() {
		this.shown = new AbortController();
		this.asked = 0;
	},
	show(plant) {
		const { signal } = this.shown;
		showList(byId("dtus"), plant.dtus, d => d.name, () => {
			const node = card(make("dl", "facts"));
			node.firstChild.after(make("span", "state"));
			return node;
		}, (node, dtu) => showDtu(node, plant, dtu));
		if (Date.now() - this.asked < 10000)
			return;
		this.asked = Date.now();
		load("/api/system", signal, 5000).then(all => {
			system = all;
			setText(byId("system-note"), "");
			showParts();
		}).catch(error => signal.aborted ||
			setText(byId("system-note"), error.message));
	},
	close() {
		this.shown.abort();
	}
};
