// Charts: pictures that are read with a pointer or by keys. A line below says
// what is at the cursor. chart() makes one; its show() takes
//   name     for a screen reader
//   count    of places where the cursor can be
//   say      (place) => text; null: of all places
//   draw     (svg, width) => plan, see below
//   steps    { key: places to go }, lineSteps unless given
//   known    (place) => whether the cursor can be there; all unless given
//   open     (place), on a click or Enter; optional
// A plan has the height, at(x, y) => place, and box(place) => [x, y, w, h].
const lineSteps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 };
const BARS = { high: 240, top: 16, floor: 220 };

const put = (parent, ...what) => parent.appendChild(shape(...what));
const mostOf = list => Math.max(0, ...list.filter(known));

let charts = 0;

function stays(c, to) {
	return to >= 0 && to < c.what.count &&
		(!c.what.known || c.what.known(to));
}

function moveTo(c, to) {
	c.place = to;
	setText(c.read, c.what.say(to));
	c.mark.toggleAttribute("hidden", to === null);
	if (to !== null)
		c.plan.box(to).forEach((n, i) => c.mark.setAttribute(
			["x", "y", "width", "height"][i], n));
}

function drawChart(c) {
	const width = c.svg.clientWidth;
	if (!c.what || !width)
		return;
	c.svg.replaceChildren();
	c.plan = c.what.draw(c.svg, width);
	c.svg.setAttribute("height", c.plan.height);
	c.svg.setAttribute("viewBox", "0 0 " + width + " " + c.plan.height);
	c.mark = put(c.svg, "rect", { class: "cursor" });
	moveTo(c, c.place !== null && stays(c, c.place) ? c.place : null);
}

// The next place in a direction; beyond an end of a row it is the end.
function nextPlace(c, step) {
	const { count, steps } = c.what, start = c.place === null;
	const by = start || !steps ? Math.sign(step) * (start ? 1 : -1) : step;
	let to = start ? (step < 0 ? count - 1 : 0) : c.place + step;
	if (!steps)
		to = Math.max(0, Math.min(count - 1, to));
	while (to >= 0 && to < count && !stays(c, to))
		to += by;
	return stays(c, to) ? to : c.place;
}

function hearKeys(c) {
	c.svg.addEventListener("keydown", event => {
		const key = event.key, ends = { Home: 1, End: -1 };
		const step = ends[key] || (c.what.steps || lineSteps)[key];
		if (event.altKey || event.ctrlKey || event.metaKey)
			return;
		if (key in ends)
			c.place = null;
		if (step)
			moveTo(c, nextPlace(c, step));
		else if (key === "Escape")
			moveTo(c, null);
		else if (key === "Enter" && c.what.open && c.place !== null)
			c.what.open(c.place);
		else
			return;
		event.preventDefault();
	});
	// Only who has the focus hears the line.
	c.svg.addEventListener("focus", () => { c.read.ariaLive = "polite"; });
	c.svg.addEventListener("blur", () => {
		c.read.ariaLive = "off";
		moveTo(c, null);
	});
}

// A finger first reads a place, and opens it when it comes again.
function hearPointer(c) {
	const under = event => {
		const box = c.svg.getBoundingClientRect();
		const to = c.plan.at(event.clientX - box.left,
			event.clientY - box.top);
		return stays(c, to) ? to : null;
	};
	let armed = null;
	c.svg.addEventListener("pointerdown", event => {
		armed = event.pointerType === "mouse" ? under(event) : c.place;
		moveTo(c, under(event));
	});
	c.svg.addEventListener("pointermove", event => moveTo(c,
		under(event)));
	c.svg.addEventListener("pointerleave", event => {
		if (event.pointerType === "mouse")
			moveTo(c, null);
	});
	c.svg.addEventListener("click", event => {
		if (c.what.open && armed !== null && under(event) === armed)
			c.what.open(armed);
	});
}

function chart() {
	const id = "read" + ++charts;
	const c = { node: make("div", "chart"), read: make("p", "read"),
		svg: shape("svg", { role: "application", tabindex: 0,
		"aria-describedby": id }), what: null, place: null };
	c.read.id = id;
	c.node.append(c.svg, c.read);
	c.show = what => {
		c.what = what;
		c.svg.setAttribute("aria-label", what.name);
		c.svg.classList.toggle("opens", Boolean(what.open));
		drawChart(c);
	};
	hearKeys(c);
	hearPointer(c);
	new ResizeObserver(() => drawChart(c)).observe(c.svg);
	return c;
}

// Lines at half and at the whole of a scale for values up to `most`; its y of a
// value.
function drawScale(svg, width, most, unit) {
	const top = niceTop(most || 1000);
	const y = n => BARS.floor - n / top * (BARS.floor - BARS.top);
	for (const n of [0, top / 2, top]) {
		put(svg, "line", { class: "grid", x1: 0, x2: width, y1: y(n),
			y2: y(n) });
		if (n)
			put(svg, "text", { x: 0, y: y(n) - 4 },
				inUnit(n, unit));
	}
	return y;
}

// Bars, each { label, parts: { class: value }, then }. `then` is a mark.
function drawBars(list, unit) {
	const sum = bar => Object.values(bar.parts).reduce((a, b) => a + b);
	return (svg, width) => {
		const y = drawScale(svg, width, mostOf(list.flatMap(bar =>
			[sum(bar), bar.then])), unit);
		const each = width / list.length;
		const every = Math.ceil((list.length < 13 ? 34 : 20) / each);
		list.forEach((bar, i) => {
			let below = 0;
			for (const part in bar.parts) {
				const n = bar.parts[part];
				if (n > 0)
					put(svg, "rect", { class: part,
						x: (i + 0.12) * each,
						width: 0.76 * each,
						y: y(below + n),
						height: y(0) - y(n) });
				below += n;
			}
			if (known(bar.then))
				put(svg, "line", { class: "then",
					x1: (i + 0.04) * each,
					x2: (i + 0.96) * each,
					y1: y(bar.then), y2: y(bar.then) });
			if (i % every === 0)
				put(svg, "text", { x: Math.min((i + 0.5) * each,
					width - 4 * bar.label.length),
					y: BARS.high - 4,
					"text-anchor": "middle" }, bar.label);
		});
		svg.append(...svg.querySelectorAll("text")); // before the bars
		return { height: BARS.high, at: x => Math.floor(x / each),
			box: i => [i * each, 0, each, BARS.floor] };
	};
}

// Cells in rows: values[row * columns.length + column], undefined where there
// is no cell. The fullest has the value `top`; those for which weak(place) is
// true have a frame.
function drawHeat(rows, columns, values, top, weak) {
	const count = columns.length, high = 20;
	return (svg, width) => {
		const left = Math.min(width / 4, 6 + 8 * Math.max(...rows.map(
			name => name.length)));
		const each = (width - left) / count, gap = each > 12 ? 2 : 1;
		const every = Math.ceil(24 / each), floor = rows.length * high;
		const box = i => [left + i % count * each,
			Math.floor(i / count) * high, each - gap, high - gap];
		rows.forEach((name, i) => put(svg, "text", { x: 0,
			y: i * high + 14 }, name.length * 8 > left ?
			name.slice(0, left / 8 - 1) + "…" : name));
		columns.forEach((name, i) => i % every || put(svg, "text",
			{ x: Math.min(left + (i + 0.5) * each, width -
			4 * name.length), "text-anchor": "middle",
			y: floor + 14 }, name));
		values.forEach((n, i) => {
			const [x, y, w, h] = box(i);
			if (n !== undefined)
				put(svg, "rect", { x, y, width: w, height: h,
					class: weak && weak(i) ? "cell weak" :
					"cell", "fill-opacity": known(n) ?
					(0.06 + 0.94 * n / (top || 1))
					.toFixed(2) : 0 });
		});
		return { height: floor + BARS.high - BARS.floor, box,
			at: (x, y) => x < left || x >= width ? -1 :
			Math.floor(y / high) * count +
			Math.floor((x - left) / each) };
	};
}

const heatSteps = columns => ({ ArrowLeft: -1, ArrowRight: 1,
	ArrowUp: -columns, ArrowDown: columns });
