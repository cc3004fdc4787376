// How an input does beside the DTU's others, from an answer of /api/panels.
const SAME = 0.08; // by so much neighbours differ
const WEEK = 7;

const sorted = list => list.filter(known).sort((a, b) => a - b);

// The median of a sorted list without one of its values; null is none of them.
function medianWithout(list, n) {
	const out = known(n) ? list.indexOf(n) : list.length;
	const count = list.length - (known(n) ? 1 : 0);
	const at = i => list[i < out ? i : i + 1];
	return count ? (at((count - 1) >> 1) + at(count >> 1)) / 2 : null;
}

const medianOf = list => medianWithout(sorted(list), null);

const spreadOf = (list, middle) => list.reduce((sum, n) => sum +
	Math.abs(n - middle), 0);
const mostly = (list, holds) => list.filter(holds).length >= 0.75 * list.length;

// Where a list falls for good: { at, before, after }, the medians on both sides
// of the place that divides it best; null if it does not fall. A fall is deeper
// than days usually differ, and one of few days is deep.
function fallOf(list) {
	let best = null;
	for (let at = 3; at <= list.length - 3; at++) {
		const left = list.slice(0, at), right = list.slice(at);
		const before = medianOf(left), after = medianOf(right);
		const spread = spreadOf(left, before) + spreadOf(right, after);
		const middle = (before + after) / 2, deep = Math.max(
			(right.length < 5 ? 0.3 : SAME) * before,
			2 * spread / list.length);
		if (before - after > deep && (!best || spread < best.spread) &&
			mostly(left, n => n > middle) &&
			mostly(right, n => n < middle))
			best = { at, before, after, spread };
	}
	return best;
}

// The median power of the DTU's other inputs at each hour, for each input
function othersOf(panels) {
	const all = {};
	for (const { dtu, watts } of panels)
		all[dtu] ||= watts.map((_, hour) => sorted(panels.filter(p =>
			p.dtu === dtu).map(p => p.watts[hour])));
	return panels.map(({ dtu, watts }) => watts.map((n, hour) =>
		medianWithout(all[dtu][hour], n)));
}

// The hours in which an input loses against the others more than over the day
function shadeOf(panel, others) {
	const sum = list => list.reduce((a, b) => a + (b || 0), 0);
	const level = Math.min(1, sum(panel.watts) / sum(others));
	const light = 0.1 * mostOf(others);
	return panel.watts.map((n, hour) => known(n) && others[hour] > light &&
		n < (level - 0.15) * others[hour]);
}

// The longest run of hours: "from 9:00 to 11:00"
function runOf(hours) {
	let best = [0, 0], from = 0;
	hours.forEach((lost, i) => {
		if (!lost)
			from = i + 1;
		else if (i + 1 - from > best[1] - best[0])
			best = [from, i + 1];
	});
	return best[1] ? t("loses", ...best.map(hour => hour + ":00")) : "";
}

// The days without today, which is not over, and how much of the others' energy
// the input gave
function ratiosOf(panel, from) {
	return panel.ratios.slice(0, -1).map((n, i) => ({ n,
		day: addDays(from, i) })).filter(x => known(x.n));
}

// What to think of an input: { text, level, odd }. The level is its part of the
// others' energy now.
function verdictOf(panel, answer) {
	const days = ratiosOf(panel, answer.from), list = days.map(x => x.n);
	const fall = fallOf(list), level = fall ? fall.after :
		medianOf(list.slice(-WEEK));
	const since = fall && dayText(days[fall.at].day, { day: "numeric",
		month: "long" });
	if (level === null)
		return { text: t("no_neighbours"), level: 9, odd: false };
	if (level < 0.02)
		return { text: fall ? t("nothing_since", since) : t("nothing"),
			level, odd: true };
	if (fall)
		return { text: t("less_since", percent(1 - fall.after /
			fall.before), since), level, odd: true };
	if (level < 1 - SAME)
		return { text: t("below", percent(1 - level)), level,
			odd: true };
	return { text: level > 1 + SAME ? t("above", percent(level - 1)) :
		t("as_neighbours"), level, odd: false };
}
