// The curve of a day: a point for each five minutes of the plant's clock.
const STEP = 5, POINTS = 288;
const WIDTH = 1000, HEIGHT = 240, LEFT = 8, TOP = 14, BOTTOM = 22;
const curve = { day: null, points: [], other: [], against: "", from: 0, to: 0,
	cursor: null, failed: "", axes: "", loading: null };

const hourOf = point => String(Math.floor(point * STEP / 60)).padStart(2, "0") +
	":" + String(point * STEP % 60).padStart(2, "0");

// The energy of points, in Wh
const energyOf = points => points.reduce((sum, n) => sum + (n || 0), 0) *
	STEP / 60;

// The points of an answer, which has steps since midnight, by the clock.
function pointsOf(answer) {
	const points = Array(POINTS).fill(null);
	const start = Date.parse(answer.start);
	answer.at.forEach((at, i) => {
		const first = Math.floor(minuteOf(start + at * answer.step *
			1000) / STEP);
		points.fill(answer.watts[i], first, first + answer.step / 60 /
			STEP);
	});
	return points;
}

const loadCurve = async (day, signal) =>
	pointsOf(await load("/api/curve?day=" + day, signal));

function niceTop(n) {
	const power = Math.pow(10, Math.floor(Math.log10(n)));
	for (const step of [1, 1.5, 2, 3, 4, 5, 6, 8, 10])
		if (n <= step * power)
			return step * power;
	return 10 * power;
}

// The hours of light, and at least those from six to eight in the evening.
function setSpan() {
	const hour = 60 / STEP;
	let first = 6 * hour, last = 20 * hour;
	for (const points of [curve.points, curve.other])
		points.forEach((n, i) => {
			if (n > 0) {
				first = Math.min(first, i);
				last = Math.max(last, i);
			}
		});
	curve.from = Math.floor(first / hour) * hour;
	curve.to = Math.min(24, Math.ceil((last + 1) / hour)) * hour;
}

function drawAxes(group, x, y, top, width) {
	const hour = 60 / STEP;
	group.replaceChildren();
	for (const part of [0, 0.5, 1]) {
		group.append(shape("line", { class: "grid", x1: LEFT,
			x2: width - LEFT, y1: y(part * top),
			y2: y(part * top) }));
		if (part)
			group.append(shape("text", { x: LEFT,
				y: y(part * top) - 4 }, top < 1000 ?
				number(part * top) + " W" :
				number(part * top / 1000, 1) + " kW"));
	}
	const every = (width < 500 ? 4 : 2) * hour;
	for (let i = curve.from; i <= curve.to; i += every)
		group.append(shape("text", { x: x(i), y: HEIGHT - 5,
			"text-anchor": i === curve.from ? "start" :
			i === curve.to ? "end" : "middle" }, hourOf(i)));
}

// A line needs two points.
const isAlone = (points, i) => known(points[i]) && !known(points[i - 1]) &&
	!known(points[i + 1]);

// The line of points, and the area below it
function pathsOf(points, x, y) {
	const at = i => x(i + 0.5).toFixed(1) + " " + y(points[i]).toFixed(1);
	let line = "", area = "", run = null;
	for (let i = curve.from; i <= curve.to; i++) {
		if (i < curve.to && known(points[i]) && !isAlone(points, i)) {
			line += (run === null ? "M" : "L") + at(i);
			area += (run === null ? "M" + x(i + 0.5).toFixed(1) +
				" " + y(0) : "") + "L" + at(i);
			run = i;
		} else if (run !== null) {
			area += "L" + x(run + 0.5).toFixed(1) + " " + y(0) + "Z";
			run = null;
		}
	}
	return [line || "M0 0", area || "M0 0"];
}

function drawCurve() {
	const svg = byId("curve"), points = curve.points;
	const width = Math.max(240, svg.clientWidth || WIDTH);
	const top = niceTop(Math.max(100, ...points.filter(known),
		...curve.other.filter(known)));
	const x = i => LEFT + (i - curve.from) / (curve.to - curve.from) *
		(width - 2 * LEFT);
	const y = n => HEIGHT - BOTTOM - n / top * (HEIGHT - BOTTOM - TOP);
	const axes = [width, top, curve.from, curve.to].join();
	if (!svg.firstChild)
		svg.append(shape("g"), shape("path", { class: "area" }),
			shape("path", { class: "other" }),
			shape("path", { class: "line" }), shape("g"),
			shape("line", { class: "mark", y1: TOP, y2: y(0) }));
	const [grid, area, other, line, dots, mark] = svg.children;
	if (curve.axes !== axes) {
		curve.axes = axes;
		svg.setAttribute("viewBox", "0 0 " + width + " " + HEIGHT);
		drawAxes(grid, x, y, top, width);
	}
	const paths = pathsOf(points, x, y);
	line.setAttribute("d", paths[0]);
	area.setAttribute("d", paths[1]);
	other.setAttribute("d", pathsOf(curve.other, x, y)[0]);
	dots.replaceChildren(...points.flatMap((n, i) => isAlone(points, i) ?
		[shape("circle", { class: "dot", r: 3, cx: x(i + 0.5),
		cy: y(n) })] : []));
	mark.setAttribute("visibility", curve.cursor === null ? "hidden" :
		"visible");
	for (const end of ["x1", "x2"])
		mark.setAttribute(end, x((curve.cursor || 0) + 0.5));
	describe();
}

const otherName = () => t(curve.against === "day" ? "the_day_before" :
	"the_year_before");

// What the cursor is at, or else the best of the day
function describe() {
	const points = curve.points, at = curve.cursor;
	const power = n => known(n) ? inUnit(n, "W") : t("unknown");
	let best = -1;
	points.forEach((n, i) => {
		if (known(n) && (best < 0 || n > points[best]))
			best = i;
	});
	setText(byId("read"), curve.failed ? curve.failed : at !== null ?
		joined([hourOf(at) + ": " + power(points[at]),
			t("until_then", inUnit(energyOf(points.slice(0, at + 1)),
			"Wh")), curve.against ? otherName() + ": " +
			power(curve.other[at]) : ""]) :
		best < 0 ? t(curve.day ? "no_readings" : "no_readings_yet") :
		t("best_minutes", inUnit(points[best], "W"), hourOf(best)) +
		(curve.against ? " " + t("dashed", otherName()) : ""));
}

function setPoints(points, other) {
	if (points.join() === curve.points.join() &&
		other.join() === curve.other.join() && curve.to)
		return;
	curve.points = points;
	curve.other = other;
	setSpan();
	drawCurve();
}

function moveCursor(to) {
	const last = (curve.day ? curve.to : Math.min(curve.to,
		curve.points.length)) - 1;
	curve.cursor = to === null || last < curve.from ? null :
		Math.max(curve.from, Math.min(last, to));
	drawCurve();
}

byId("curve").addEventListener("keydown", event => {
	const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12,
		PageDown: 12 };
	const at = curve.cursor === null ? curve.points.length :
		curve.cursor;
	if (event.key in steps)
		moveCursor(at + steps[event.key]);
	else if (event.key === "Home")
		moveCursor(curve.from);
	else if (event.key === "End")
		moveCursor(curve.points.length);
	else if (event.key === "Escape")
		moveCursor(null);
	else
		return;
	event.preventDefault();
});
byId("curve").addEventListener("pointermove", event => {
	const box = byId("curve").getBoundingClientRect();
	const part = (event.clientX - box.left - LEFT) /
		(box.width - 2 * LEFT);
	moveCursor(Math.floor(curve.from + part * (curve.to - curve.from)));
});
byId("curve").addEventListener("pointerleave", () => moveCursor(null));
byId("curve").addEventListener("blur", () => moveCursor(null));
addEventListener("resize", () => routes.now.shown && drawCurve());

// Show a day: null is today, whose points come with the events.
async function openCurve(day) {
	const today = dayOf(now());
	curve.day = day && day !== today ? day : null;
	curve.failed = "";
	curve.cursor = null;
	const date = curve.day || today, before = addDays(date, -1);
	setText(byId("h-curve"), curve.day ? t("power_on", dayText(day)) :
		t("power_today"));
	byId("day-before").href = "#/now/" + before;
	if (curve.day)
		byId("day-after").href = "#/now/" + addDays(date, 1);
	else
		byId("day-after").removeAttribute("href");
	if (curve.loading)
		curve.loading.abort();
	const { signal } = curve.loading = new AbortController();
	setPoints(curve.day ? [] : data.plant.curve, []);
	try {
		const points = curve.day ? await loadCurve(date, signal) :
			null;
		const other = !curve.against ? [] : await loadCurve(
			curve.against === "day" ? before :
			addYears(date, -1), signal);
		setPoints(points || data.plant.curve, other);
	} catch (error) {
		if (error.name !== "AbortError")
			curve.failed = error.message;
	}
	if (!signal.aborted)
		describe();
}

function showCurve(plant) {
	if (!curve.day)
		setPoints(plant.curve, curve.other);
}

for (const [value, key] of [["", "alone"], ["day", "the_day_before"],
	["year", "the_year_before"]])
	byId("against").append(new Option(t(key), value));
byId("against").addEventListener("change", event => {
	curve.against = event.target.value;
	openCurve(curve.day);
});
