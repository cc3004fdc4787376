// Panels: what each input gives beside its neighbours. #/panels/116154403054
// opens an inverter.
routes.panels = (() => {
const AGE = 300000; // ms until the comparison is fetched again
const RETRY = 10000; // ms after a failure
const OPEN = 12;    // so many inverters are not folded
const NAMED = 8;
const FACTS = ["power_now", "volts", "amperes", "today", "month", "year",
	"share", "share_of_days"];

let nodes = null, groups = [], hours = [], answer = null, asked = 0;
let abort = null, worst = null, chosen = "";

const unitOf = serial => data.plant.units.find(u => u.serial === serial);
const groupName = group => group.unit ? nameOf(group.unit) : group.serial;
const portOf = (group, panel) => group.unit && group.unit.ports.find(
	p => p.port === panel.port) || { port: panel.port };

// The inputs of each inverter, with a verdict
function group() {
	const lists = new Map(), all = answer.panels, middle = othersOf(all);
	all.forEach((panel, i) => {
		const key = panel.dtu + " " + panel.serial, others = middle[i];
		if (!lists.has(key))
			lists.set(key, { key, serial: panel.serial,
				inputs: [] });
		lists.get(key).inputs.push(Object.assign(panel, { others,
			shade: shadeOf(panel, others),
			verdict: verdictOf(panel, answer) }));
	});
	groups = [...lists.values()];
	worst ??= groups.length > OPEN;
	for (const g of groups)
		g.level = Math.min(...g.inputs.map(p => p.verdict.level));
	const lit = answer.panels.map(p => p.watts).reduce((sum, watts) =>
		watts.map((n, i) => Math.max(n || 0, sum[i] || 0)), []);
	hours = lit.map((n, i) => n > 1 ? i : -1).filter(i => i >= 0);
}

// The share of each day as a line; that of the others is 1.
function spark(panel) {
	const step = 120 / Math.max(1, panel.ratios.length - 1);
	const y = n => (39 - 28 * Math.max(0.4, Math.min(1.3, n))).toFixed(1);
	let path = "", on = false;
	panel.ratios.forEach((n, i) => {
		if (known(n))
			path += (on ? "L" : "M") + (i * step).toFixed(1) + " " +
				y(n) + (known(panel.ratios[i + 1]) || on ? "" :
				"h1");
		on = known(n);
	});
	const svg = shape("svg", { class: "spark", viewBox: "0 0 120 30",
		"aria-hidden": "true" });
	svg.append(shape("path", { class: "grid", d: "M0 11H120" }),
		shape("path", { class: "line", d: path || "M0 0" }));
	return svg;
}

function buildInput() {
	return make("li", "", make("div", "row", make("strong"), make("span",
		"verdict")), make("dl", "cells", ...FACTS.map(key => make("div",
		"", make("dt", "", t(key)), make("dd")))));
}

function showInput(node, panel, g) {
	const [head, list] = node.children, port = portOf(g, panel);
	const part = (n, digits, unit) => known(n) ? number(n, digits) + unit :
		"–";
	const values = [inUnit(port.watts, "W"), part(port.volts, 1, " V"),
		part(port.amperes, 2, " A"), inUnit(port.today, "Wh"),
		inUnit(panel.month, "Wh"), inUnit(panel.year, "Wh"),
		known(panel.share) ? percent(panel.share) : "–"];
	setText(head.children[0], inputName(port));
	setText(head.children[1], joined([panel.verdict.text,
		runOf(panel.shade)]));
	node.classList.toggle("odd", panel.verdict.odd);
	values.forEach((text, i) => setText(list.children[i].lastChild, text));
	if (node.panel !== panel)
		list.lastChild.lastChild.replaceChildren(spark(panel));
	node.panel = panel;
}

const inOrder = inputs => worst ? [...inputs].sort((a, b) =>
	a.verdict.level - b.verdict.level) : inputs;

function sayHour(g, inputs, i) {
	const panel = inputs[Math.floor(i / hours.length)];
	const hour = hours[i % hours.length], others = panel.others[hour];
	return inputName(portOf(g, panel)) + ", " + hour + ":00: " +
		inUnit(panel.watts[hour], "W") + (known(others) ? " · " +
		t("the_others", inUnit(others, "W")) : "");
}

// The mean power by hour of an inverter's inputs
function showHours(node, g) {
	const inputs = inOrder(g.inputs);
	node.hours.show({ name: t("by_hour"), count: inputs.length *
		hours.length, steps: heatSteps(hours.length),
		say: i => i === null ? t("by_hour_hint") : sayHour(g, inputs,
			i),
		draw: drawHeat(inputs.map(p => inputName(portOf(g, p))),
			hours.map(String), inputs.flatMap(p => hours.map(hour =>
			p.watts[hour])), mostOf(answer.panels.flatMap(p =>
			p.watts)), i => inputs[Math.floor(i / hours.length)]
			.shade[hours[i % hours.length]]) });
}

// What is folded is filled when it is opened.
function fill(node) {
	const g = node.group;
	if (!node.open)
		return;
	showList(node.list, inOrder(g.inputs), p => String(p.port), buildInput,
		(item, panel) => showInput(item, panel, g));
	if (node.drawn !== answer || node.worst !== worst)
		showHours(node, g);
	node.drawn = answer;
	node.worst = worst;
}

function buildGroup() {
	const node = make("details", "card", make("summary", "", make("h3"),
		make("span", "soft"), make("span", "verdict")));
	node.list = make("ul", "inputs");
	node.hours = chart();
	node.append(node.list, make("p", "soft", t("by_hour")),
		node.hours.node);
	node.open = groups.length <= OPEN;
	node.addEventListener("toggle", () => fill(node));
	return node;
}

function showGroups() {
	const list = worst ? [...groups].sort((a, b) => a.level - b.level) :
		groups;
	showList(nodes.groups, list, g => g.key, buildGroup, (node, g) => {
		const [name, count, verdict] = node.firstChild.children;
		const odd = g.inputs.filter(p => p.verdict.odd).length;
		g.unit = unitOf(g.serial);
		node.group = g;
		setText(name, groupName(g));
		setText(count, tn("inputs", g.inputs.length));
		setText(verdict, odd ? tn("odd", odd) : "");
		fill(node);
	});
}

// The inputs that need a look, worst first
function showOdd() {
	const odd = groups.flatMap(g => g.inputs.filter(p => p.verdict.odd)
		.map(panel => ({ g, panel }))).sort((a, b) =>
		a.panel.verdict.level - b.panel.verdict.level);
	setText(nodes.sum, !answer.panels.length ? t("no_inputs") : odd.length ?
		tn("odd", odd.length) : t("none_odd"));
	showList(nodes.odd, odd.slice(0, NAMED), o => o.g.key + " " +
		o.panel.port, () => make("li", "", link(""), " ", make("span")),
		(node, { g, panel }) => {
			const [name, text] = node.children;
			name.href = "#/panels/" + g.serial;
			setText(name, groupName(g) + " · " +
				inputName(portOf(g, panel)));
			setText(text, joined([panel.verdict.text,
				runOf(panel.shade)]));
		});
	nodes.more.hidden = odd.length <= NAMED;
	setText(nodes.more, t("and_more", number(odd.length - NAMED)));
}

function showAll() {
	showGroups();
	showOdd();
	nodes.worst.ariaPressed = String(worst);
}

async function fetchAll() {
	if (abort)
		abort.abort();
	const { signal } = abort = new AbortController();
	asked = Date.now();
	try {
		const next = await load("/api/panels?days=30", signal, AGE);
		signal.throwIfAborted();
		setText(nodes.note, "");
		if (next !== answer) {
			answer = next;
			group();
		}
		showAll();
		openChosen();
	} catch (error) {
		if (signal.aborted)
			return;
		setText(nodes.note, error.message);
		asked = Date.now() - AGE + RETRY;
	}
}

function openChosen() {
	const node = [...nodes.groups.children].find(n =>
		n.group.serial === chosen);
	chosen = "";
	if (!node)
		return;
	node.open = true;
	node.scrollIntoView();
	node.firstChild.focus();
}

function build() {
	nodes = { note: make("p", "soft"), sum: make("p"), odd: make("ul"),
		more: make("p", "soft"), groups: make("div", "groups"),
		worst: make("button", "", t("worst_first")) };
	nodes.note.role = "status";
	nodes.worst.addEventListener("click", () => {
		worst = !worst;
		showAll();
	});
	byId("r-panels").append(nodes.note, nodes.sum, nodes.odd, nodes.more,
		make("p", "tools", nodes.worst), nodes.groups);
}

return {
	open([serial = ""]) {
		if (!nodes)
			build();
		chosen = serial;
		fetchAll();
	},
	show() {
		if (Date.now() - asked > AGE)
			fetchAll();
		else if (answer)
			showGroups();
	},
	close() {
		if (abort)
			abort.abort();
	},
};
})();
