// System: the DTUs, and the chain that reads them.
const statusKeys = { online: "online", error: "no_answer", stale: "repeats",
	unknown: "not_heard_yet" };

// Facts of /api/system by the name of a DTU, once they have come
let system = null;

function stateOf(plant, dtu) {
	if (dtu.status === "error" && isNight(plant))
		return t("asleep");
	const last = /^(online|stale)$/.test(dtu.status) || !dtu.answered ? "" :
		", " + t("last", moment(dtu.answered));
	return t(statusKeys[dtu.status]) + last;
}

// Polls since the start, with those that failed
function pollsOf(facts) {
	return known(facts.polls) ? number(facts.polls) + ", " +
		t("failed_polls", number(facts.failed || 0)) : null;
}

function showDtu(node, plant, dtu) {
	const state = node.querySelector(".state");
	const facts = system && system.dtus.find(d => d.name === dtu.name) ||
		{};
	const bad = dtu.status === "stale" || (dtu.status === "error" &&
		!isNight(plant));
	showCard(node, dtu.title || dtu.name, inUnit(dtu.watts, "W"),
		dtu.reason ? joined([dtu.reason, waiting(dtu)]) :
		known(dtu.today) ? inUnit(dtu.today, "Wh") + " " +
		t("today").toLowerCase() : "");
	setText(state, stateOf(plant, dtu));
	state.classList.toggle("good", dtu.status === "online");
	state.classList.toggle("bad", bad);
	showFacts(node.querySelector("dl"), [
		[t("name"), dtu.title ? dtu.name : null],
		[t("address"), facts.address || facts.host || dtu.host],
		[t("transport"), facts.transport],
		[t("last_answer"), dtu.answered ? moment(dtu.answered) : null],
		[t("polls"), pollsOf(facts)],
		[t("signal"), known(dtu.signal) ? dtu.signal + " %" : null],
		[t("firmware"), dtu.firmware || facts.firmware],
		[t("what_to_do_head"), bad ? dtu.hint : null]]);
}

// A value of /api/system: bytes, times, booleans as people read them
function plainValue(key, value) {
	if (typeof value === "boolean")
		return t(value ? "yes" : "no");
	if (/bytes|memory/.test(key) && known(value))
		return inUnit(value, "B");
	if (/seconds|uptime|period/.test(key) && known(value))
		return lasted(value);
	if (/^\d{4}-\d\d-\d\dT/.test(value))
		return moment(value);
	return known(value) ? number(value) : value;
}

const factsIn = object => Object.entries(object || {}).filter(
	([, value]) => value === null || typeof value !== "object").map(
	([key, value]) => [words.en["s_" + key] ? t("s_" + key) :
		key.replace(/_/g, " "), plainValue(key, value)]);

function partsOf(all) {
	const parts = [];
	for (const key of ["mqtt", "database"])
		if (all[key])
			parts.push({ key, title: t(key),
				facts: factsIn(all[key]) });
	for (const tool of all.tools || [])
		parts.push({ key: "tool " + tool.name, title: tool.name,
			facts: factsIn({ ...tool, name: null }) });
	if (all.settings)
		parts.push({ key: "settings", title: t("settings"),
			facts: all.settings.map(s => [s.name, s.value]) });
	return parts;
}

function showParts() {
	showList(byId("parts"), partsOf(system), p => p.key,
		() => make("li", "card", make("h3"), make("dl", "facts")),
		(node, part) => {
			setText(node.firstChild, part.title);
			showFacts(node.lastChild, part.facts);
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
