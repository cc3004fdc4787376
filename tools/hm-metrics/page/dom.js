// Nodes of the page. Only those whose value has changed are touched.
const byId = id => document.getElementById(id);

function setText(node, value) {
	if (node.textContent !== value)
		node.textContent = value;
}

// A node with children: nodes and texts
function make(name, className, ...children) {
	const node = document.createElement(name);
	if (className)
		node.className = className;
	node.append(...children);
	return node;
}

function link(href, ...children) {
	const node = make("a", "", ...children);
	node.href = href;
	return node;
}

function showAmount(node, n, unit) {
	const [value, name] = amount(n, unit);
	if (node.dataset.shown === value + name)
		return;
	node.dataset.shown = value + name;
	node.replaceChildren(value, make("span", "unit", name));
}

// Update a list: keep the nodes of items whose key is already there.
function showList(list, items, keyOf, build, show) {
	const had = new Map(), twins = [];
	for (const node of list.children)
		if (had.has(node.dataset.key))
			twins.push(node);
		else
			had.set(node.dataset.key, node);
	items.forEach((item, i) => {
		const key = keyOf(item);
		let node = had.get(key);
		if (!node) {
			node = build(item);
			node.dataset.key = key;
		}
		had.delete(key);
		if (list.children[i] !== node)
			list.insertBefore(node, list.children[i] || null);
		show(node, item);
	});
	for (const node of [...had.values(), ...twins])
		node.remove();
}

// A card of a list: its name, a value and a line of facts
function card(...parts) {
	const row = make("div", "row", make("h3"), make("strong"));
	return make("li", "card", row, make("p", "soft"), ...parts);
}

function showCard(node, name, value, more) {
	setText(node.querySelector("h3"), name);
	setText(node.querySelector("strong"), value);
	setText(node.querySelector("p"), more);
}

// A list of values, each with the key of its name; without those not known
function showFacts(list, facts) {
	showList(list, facts.filter(([, value]) => value || value === 0),
		([key]) => key, ([key]) => make("div", "", make("dt", "",
		t(key)), make("dd")),
		(node, [, value]) => setText(node.lastChild, String(value)));
}

const joined = facts => facts.filter(Boolean).join(" · ");

function shape(name, attributes, value) {
	const node = document.createElementNS("http://www.w3.org/2000/svg",
		name);
	for (const key in attributes)
		node.setAttribute(key, attributes[key]);
	if (value !== undefined)
		node.textContent = value;
	return node;
}
