// The curve of a day: a point for each five minutes of the plant's clock.
const STEP = 5, POINTS = 288, HOUR = 60 / STEP;
const curve = { chart: chart(), day: null, points: [], other: [], against: "",
	from: 0, to: 0, failed: "", loading: null };

const digits = n => String(n).padStart(2, "0");
const hourOf = point => digits(Math.floor(point / HOUR)) + ":" +
	digits(point % HOUR * STEP);

// The energy of points, in Wh
const energyOf = points => points.reduce((sum, n) => sum + (n || 0), 0) *
	STEP / 60;

// The points of an answer, which has steps since midnight, by the clock.
function pointsOf(answer) {
	const points = Array(POINTS).fill(null);
	points.coarse = answer.step > STEP * 60;
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
	const lit = [6 * HOUR, 20 * HOUR - 1];
	for (const points of [curve.points, curve.other])
		points.forEach((n, i) => n > 0 && lit.push(i));
	curve.from = Math.floor(Math.min(...lit) / HOUR) * HOUR;
	curve.to = Math.ceil((Math.max(...lit) + 1) / HOUR) * HOUR;
}

// A line needs two points.
const isAlone = (points, i) => known(points[i]) && !known(points[i - 1]) &&
	!known(points[i + 1]);

// The line of points, and the area below it
function pathsOf(points, x, y) {
	let line = "", area = "", run = null;
	const at = (i, height) => x(i + 0.5).toFixed(1) + " " +
		height.toFixed(1);
	for (let i = curve.from; i <= curve.to; i++) {
		if (i < curve.to && known(points[i]) && !isAlone(points, i)) {
			const to = at(i, y(points[i]));
			line += (run === null ? "M" : "L") + to;
			area += (run === null ? "M" + at(i, y(0)) : "") + "L" +
				to;
			run = i;
		} else if (run !== null) {
			area += "L" + at(run, y(0)) + "Z";
			run = null;
		}
	}
	return [line, area];
}

function drawCurve(svg, width) {
	const each = width / (curve.to - curve.from), points = curve.points;
	const x = i => (i - curve.from) * each;
	const y = drawScale(svg, width, Math.max(100, mostOf(points),
		mostOf(curve.other)), "W");
	const every = (width < 500 ? 4 : 2) * HOUR;
	for (let i = curve.from; i <= curve.to; i += every)
		put(svg, "text", { x: x(i), y: BARS.high - 4, "text-anchor":
			i === curve.from ? "start" : i === curve.to ? "end" :
			"middle" }, hourOf(i));
	const [line, area] = pathsOf(points, x, y);
	put(svg, "path", { class: "area", d: area });
	put(svg, "path", { class: "other", d: pathsOf(curve.other, x, y)[0] });
	put(svg, "path", { class: "line", d: line });
	points.forEach((n, i) => isAlone(points, i) && put(svg, "circle",
		{ class: "dot", r: 3, cx: x(i + 0.5), cy: y(n) }));
	return { height: BARS.high, at: px => Math.floor(px / each),
		box: i => [i * each, 0, each, BARS.floor] };
}

const otherName = () => t(curve.against === "day" ? "the_day_before" :
	"the_year_before");

const powerText = n => known(n) ? inUnit(n, "W") : t("unknown");

// What stands at a point: "10:15: 396 W · 1.2 kWh until then · ..."
const sayPoint = at => joined([hourOf(at) + ": " + powerText(curve.points[at]),
	t("until_then", inUnit(energyOf(curve.points.slice(0, at + 1)), "Wh")),
	curve.against ? otherName() + ": " + powerText(curve.other[at]) : ""]);

function sayDay() {
	const most = mostOf(curve.points);
	if (curve.failed)
		return curve.failed;
	if (!curve.points.some(known))
		return t(curve.day ? "no_readings" : "no_readings_yet");
	return t(curve.points.coarse ? "best_hour" : "best_minutes",
		inUnit(most, "W"), hourOf(
		curve.points.indexOf(most))) +
		(curve.against ? " " + t("dashed", otherName()) : "");
}

function showChart() {
	const { points, day, from, to } = curve;
	curve.chart.show({ name: byId("h-curve").textContent,
		count: Math.max(0, (day ? to : Math.min(to, points.length)) -
		from), draw: drawCurve, say: i => i === null ? sayDay() :
		sayPoint(from + i) });
}

function setPoints(points, other) {
	if (points.join() === curve.points.join() &&
		other.join() === curve.other.join() && curve.to)
		return;
	curve.points = points;
	curve.other = other;
	setSpan();
	showChart();
}

// Show a day: null is today, whose points come with the events.
async function openCurve(day) {
	const today = dayOf(now());
	curve.opened = today;
	curve.day = day && day !== today ? day : null;
	curve.failed = "";
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
		showChart();
}

function showCurve(plant) {
	if (curve.opened !== dayOf(now()))
		openCurve(curve.day);
	else if (!curve.day)
		setPoints(plant.curve, curve.other);
}

curve.chart.svg.id = "curve";
curve.chart.read.id = "read";
curve.chart.svg.setAttribute("aria-describedby", "read");
byId("day").append(curve.chart.node);
for (const [value, key] of [["", "alone"], ["day", "the_day_before"],
	["year", "the_year_before"]])
	byId("against").append(new Option(t(key), value));
byId("against").addEventListener("change", event => {
	curve.against = event.target.value;
	openCurve(curve.day);
});
