// Texts in the language in which hm-metrics has sent the page; numbers, units and
// dates as the browser writes them. Moments are shown by the plant's clock.
const language = document.documentElement.lang;
const locale = navigator.language || language;
const plural = new Intl.PluralRules(language);
const known = n => typeof n === "number";

// The text of a key, or else the key, with the arguments at {0}, {1} ...
function t(key, ...args) {
	return (texts[key] ?? key).replace(/\{(\d)\}/g, (_, i) => args[i]);
}

// The text for a number of things, which is {0}: KEY_one, KEY_other.
function tn(key, n, ...args) {
	const form = key + "_" + plural.select(n);
	return t(texts[form] ? form : key + "_other", number(n), ...args);
}

// Numbers

const formats = new Map();
function format(Kind, names, options) {
	const key = Kind.name + names + JSON.stringify(options);
	if (!formats.has(key))
		formats.set(key, new Kind(names, options));
	return formats.get(key);
}

function number(n, digits = 0) {
	return format(Intl.NumberFormat, locale, {
		minimumFractionDigits: digits, maximumFractionDigits: digits
	}).format(n || 0);
}

// 843 W, 5.58 kW; 920 Wh, 20.9 kWh, 8.04 MWh: the number and the unit
function amount(n, unit) {
	if (!known(n))
		return ["–", ""];
	const size = Math.abs(n);
	const step = size < 999.5 ? 0 : size < 999500 ? 1 : 2;
	const part = n / 1000 ** step;
	const digits = step === 0 ? 0 : Math.abs(part) < 9.995 ? 2 :
		Math.abs(part) < 99.95 ? 1 : 0;
	return [number(step ? part : Math.round(n), digits),
		["", "k", "M"][step] + unit];
}

const inUnit = (n, unit) => amount(n, unit).join(" ").trim();
const percent = n => number(100 * n) + " %";

// An amount in the plant's currency, a code of ISO 4217 or any other word.
function money(n) {
	const currency = data.plant.currency || "";
	if (/^[A-Z]{3}$/.test(currency))
		return format(Intl.NumberFormat, locale,
			{ style: "currency", currency }).format(n);
	return (number(n, 2) + " " + currency).trim();
}

// What energy is worth: null without prices. `given` went to the grid.
function worth(made, given) {
	const { price_own: own, price_given: price = 0 } = data.plant;
	if (!known(own) || !known(made))
		return null;
	const away = known(given) ? Math.min(given, made) : 0;
	return ((made - away) * own + away * price) / 1000;
}

// The CO2 that energy saved, as text; "" if co2_g_kwh is not set.
function savedCO2(energy) {
	const grams = data.plant.co2_g_kwh;
	if (!known(grams) || !known(energy))
		return "";
	const kilos = energy / 1e6 * grams;
	return t("co2", kilos < 1000 ? number(kilos) + " kg" :
		number(kilos / 1000, 1) + " t");
}

// Times

// The plant's zone, or else UTC and by how much its clock is ahead of it.
const clock = { zone: undefined, ahead: 0 };

// What a clock shows: "2026-11-29 17:12:05"
function stamp(time, timeZone, ahead = 0) {
	return format(Intl.DateTimeFormat, "sv", { timeZone,
		dateStyle: "short", timeStyle: "medium" }).format(
		new Date(+new Date(time) + ahead));
}

const shown = time => stamp(time, clock.zone, clock.ahead);
const dayOf = time => shown(time).slice(0, 10);
const minuteOf = time => +shown(time).slice(11, 13) * 60 +
	+shown(time).slice(14, 16);
const now = () => Date.parse(data.plant.time);

// Seconds that a zone is ahead of UTC; NaN if the browser does not know it.
function aheadOf(zone, time) {
	try {
		return Math.round((Date.parse(stamp(time, zone).replace(" ",
			"T") + "Z") - Math.floor(time / 1000) * 1000) / 1000);
	} catch {
		return NaN;
	}
}

function setClock(plant) {
	const zone = plant.zone || undefined;
	const ahead = plant.utc_offset;
	const good = !known(ahead) || aheadOf(zone, now()) === ahead;
	clock.zone = good ? zone : "UTC";
	clock.ahead = good ? 0 : ahead * 1000;
}

// Whether the browser's clock shows another time than the plant's, now or in
// half a year.
function isElsewhere() {
	return [now(), now() + 182 * 864e5].some(
		time => shown(time) !== stamp(time));
}

function dated(time, options) {
	return format(Intl.DateTimeFormat, locale, { timeZone: clock.zone,
		...options }).format(new Date(+new Date(time) + clock.ahead));
}

// 10:15, with the date unless it is today
function moment(time) {
	const hour = shown(time).slice(11, 16);
	const day = dayOf(time), today = dayOf(now());
	return day === today ? hour : dated(time, { day: "numeric",
		month: "short", year: day.slice(0, 4) === today.slice(0, 4) ?
		undefined : "numeric" }) + ", " + hour;
}

// From one moment to another: 10:15 – 11:00
function momentsText(from, to) {
	return moment(from) + " – " + (dayOf(from) === dayOf(to) ?
		shown(to).slice(11, 16) : moment(to));
}

// 45 s, 12 min, 3.5 h, 2 days
function lasted(seconds) {
	const [unit, size] = seconds < 90 ? ["second", 1] :
		seconds < 5400 ? ["minute", 60] :
		seconds < 172800 ? ["hour", 3600] : ["day", 86400];
	return format(Intl.NumberFormat, language, { style: "unit", unit,
		maximumFractionDigits: unit === "hour" ? 1 : 0
	}).format(seconds / size);
}

// Days of the plant are dates, "2026-11-29".
function dayText(day, options = { weekday: "short", day: "numeric",
	month: "short", year: "numeric" }) {
	return format(Intl.DateTimeFormat, locale, { timeZone: "UTC",
		...options }).format(Date.parse(day));
}

function addDays(day, n) {
	return new Date(Date.parse(day) + n * 864e5).toISOString().slice(0,
		10);
}

// The same date of another year; of 29 February the 28th.
function addYears(day, n) {
	const other = String(+day.slice(0, 4) + n).padStart(4, "0") +
		day.slice(4);
	return isNaN(Date.parse(other)) || !new Date(other).toISOString()
		.startsWith(other) ? other.slice(0, 8) + "28" : other;
}
