"use strict";
// A plant that never was: records as hm-decode writes them, from one seed. The
// same seed and times give the same records.
//
// DTU "roof" with two inverters of four inputs and a meter, DTU "garage" with
// one inverter of two inputs that look to the west. An input is in the shadow
// until eleven, another is 12 % weaker from some day on. The DTUs are away at
// times, the roof once for two days; its inverters go on.
const HOUR = 3600, DAY = 86400;
const LATITUDE = 50 * Math.PI / 180;
const EAST = 0.9; // hours that the sun is ahead of UTC

const INPUTS = [1, 2, 3, 4].map(port => ({ dtu: "roof",
	serial: "116181000001", port, peak: 410, turn: 0 })).concat(
	[1, 2, 3, 4].map(port => ({ dtu: "roof", serial: "116181000002", port,
	peak: 410, turn: 0 })), [1, 2].map(port => ({ dtu: "garage",
	serial: "114181000003", port, peak: 400, turn: 2.2 })));
const INVERTERS = [
	{ dtu: "roof", serial: "116181000001", model: "HM-1500", first: 0,
		end: 4, most: 1480 },
	{ dtu: "roof", serial: "116181000002", model: "HM-1500", first: 4,
		end: 8, most: 1480 },
	{ dtu: "garage", serial: "114181000003", model: "HM-800", first: 8,
		end: 10, most: 790 }];
const DTUS = [
	{ dtu: "roof", serial: "10f714323186", model: "DTU-WLite" },
	{ dtu: "garage", serial: "10f879093459", model: "DTU-Pro" }];
const SHADED = 7, WEAK = 2;
const METER = "37ff23709968";

const iso = time => new Date(time * 1000).toISOString().replace(".000", "");
const sumOf = list => list.reduce((a, b) => a + b);
const tenth = n => Math.round(n * 10) / 10;

// A number from 0 to 1 that follows from integers.
function chance(...words) {
	let h = 2166136261;
	for (const word of words) {
		h = Math.imul(h ^ word, 2654435761);
		h = Math.imul(h ^ h >>> 15, 2246822519);
		h ^= h >>> 13;
	}
	return (h >>> 0) / 4294967296;
}

// The sine of the height of the sun, `late` hours after the sun is there.
function sun(time, late) {
	const year = time / DAY % 365.25;
	const tilt = 23.44 * Math.PI / 180 *
		Math.sin(2 * Math.PI * (year - 81) / 365.25);
	const hour = (time / HOUR + EAST - late) % 24;
	return Math.sin(LATITUDE) * Math.sin(tilt) + Math.cos(LATITUDE) *
		Math.cos(tilt) * Math.cos((hour - 12) * Math.PI / 12);
}

class Plant {
	// start and weak are moments in seconds, away lists [DTU, from, to].
	constructor({ seed, zone, start, weak = Infinity, away = [] }) {
		this.seed = seed;
		this.start = start;
		this.weak = weak;
		this.away = away;
		this.offsets = new Map();
		this.format = new Intl.DateTimeFormat("en-GB", { timeZone: zone,
			timeZoneName: "longOffset" });
		this.last = start;
		this.day = this.dayOf(start);
		this.today = INPUTS.map(() => 0);
		this.total = INPUTS.map((_, i) => 1e6 + 1000 * i);
		this.given = 300000;
		this.taken = 900000;
		this.gone = new Map();
	}

	// By how many seconds the plant's clock is ahead of UTC.
	offset(time) {
		const hour = Math.floor(time / HOUR);
		if (!this.offsets.has(hour)) {
			const { value } = this.format.formatToParts(
				hour * HOUR * 1000).find(
				p => p.type === "timeZoneName");
			const [, sign, h, m] = /GMT(?:([+-])(\d+):(\d+))?/.exec(
				value);
			this.offsets.set(hour, h ? (sign === "-" ? -1 : 1) *
				(h * HOUR + m * 60) : 0);
		}
		return this.offsets.get(hour);
	}

	// The number of the plant's day.
	dayOf(time) {
		return Math.floor((time + this.offset(time)) / DAY);
	}

	isLight(time) {
		return sun(time, 0) > 0.02;
	}

	clearness(time) {
		const day = 0.15 + 0.85 * chance(this.seed, this.dayOf(time));
		const cloud = chance(this.seed, Math.floor(time / 600), 1);
		return day > 0.8 ? day : day * (0.6 + 0.6 * cloud);
	}

	watts(time) {
		const clear = Math.min(1, this.clearness(time));
		const hour = (time + this.offset(time)) % DAY / HOUR;
		const powers = INPUTS.map((input, i) => {
			const high = this.isLight(time) ?
				Math.max(0, sun(time, input.turn)) : 0;
			let n = input.peak * Math.min(1, 1.12 * high ** 0.8) *
				(0.1 + 0.9 * clear) *
				(1 + 0.01 * Math.sin(i * 3.1));
			if (i === SHADED && hour < 11)
				n *= 0.35;
			if (i === WEAK && time >= this.weak)
				n *= 0.88;
			return n;
		});
		for (const { first, end, most } of INVERTERS) {
			const sum = sumOf(powers.slice(first, end));
			for (let i = first; i < end && sum > most; i++)
				powers[i] *= most / sum;
		}
		return powers;
	}

	// What the house uses, in W.
	house(time) {
		const hour = (time + this.offset(time)) % DAY / HOUR;
		return (250 + (hour >= 18 && hour < 22 ? 900 : 0) +
			(hour >= 6.5 && hour < 8.5 ? 400 : 0) +
			(this.dayOf(time) % 3 === 0 && hour >= 11 &&
			hour < 12.5 ? 1800 : 0)) * (0.8 + 0.4 *
			chance(this.seed, Math.floor(time / 600), 2));
	}

	// Count energies from the last poll until now.
	count(time, powers) {
		const hours = (time - this.last) / HOUR;
		if (this.dayOf(time) !== this.day) {
			this.day = this.dayOf(time);
			this.today.fill(0);
		}
		powers.forEach((n, i) => {
			this.today[i] += n * hours;
			this.total[i] += n * hours;
		});
		this.grid = this.house(time) - sumOf(powers) * 0.95;
		if (this.grid > 0)
			this.taken += this.grid * hours;
		else
			this.given -= this.grid * hours;
		this.last = time;
	}

	inverter({ dtu, serial, model, first, end }, time, powers) {
		const head = { time: iso(time), dtu, serial };
		const watts = sumOf(powers.slice(first, end));
		const link = this.isLight(time) ? 1 : 0;
		return [{ type: "inverter", ...head, model, ...link ? {
			grid_voltage: tenth(231 + watts / 300),
			grid_frequency: 50, active_power: tenth(watts * 0.95),
			temperature: tenth(14 + watts / 38) } : {},
			link_status: link },
		...INPUTS.slice(first, end).map(({ port }, n) => ({
			type: "port", ...head, port, ...link ? {
			pv_voltage: 33.2,
			pv_current: tenth(powers[first + n] / 33.2),
			pv_power: tenth(powers[first + n]) } : {},
			today_production: Math.floor(this.today[first + n]),
			total_production: Math.floor(this.total[first + n]),
			link_status: link }))];
	}

	sum({ dtu, serial, model }, time, powers) {
		const of = list => sumOf(list.filter((_, i) =>
			INPUTS[i].dtu === dtu));
		const inverters = INVERTERS.filter(i => i.dtu === dtu).length;
		return { type: "dtu", time: iso(time), dtu, serial,
			took_ms: 230, model, pv_power: tenth(of(powers)),
			today_production: of(this.today.map(Math.floor)),
			total_production: of(this.total.map(Math.floor)),
			inverters, inverters_online: this.isLight(time) ?
			inverters : 0 };
	}

	meter(time) {
		return { type: "meter", time: iso(time), dtu: "roof",
			serial: METER, model: "DTSU666",
			power: Math.round(this.grid / 10) * 10,
			energy_export: Math.floor(this.given / 10) * 10,
			energy_import: Math.floor(this.taken / 10) * 10 };
	}

	status({ dtu }, time, gone) {
		return { type: "status", time: iso(time), dtu, state: gone ?
			"offline" : "online", breaker: "closed",
			failures: gone ? 3 : 0, ...gone ? {
			error: "timeout_read", hint: "see the radio",
			text: "no whole reply within 3 s" } : {},
			host: dtu === "roof" ? "192.168.1.20" :
			"192.168.1.21" };
	}

	info({ dtu, serial, model }, time) {
		return { type: "info", time: iso(time), dtu, serial,
			kind: "dtu", model, firmware: "V00.02.08",
			hardware: "H09.01.02", encrypted: false,
			signal: dtu === "roof" ? 62 : 38 };
	}

	// The records of a poll at a time, in seconds, after that of the last.
	poll(time) {
		const powers = this.watts(time), records = [];
		this.count(time, powers);
		for (const one of DTUS) {
			const gone = this.away.some(([dtu, from, to]) =>
				dtu === one.dtu && time >= from && time < to);
			if (gone !== this.gone.get(one.dtu))
				records.push(this.status(one, time, gone));
			this.gone.set(one.dtu, gone);
			if (gone)
				continue;
			for (const inverter of INVERTERS)
				if (inverter.dtu === one.dtu)
					records.push(...this.inverter(inverter,
						time, powers));
			if (one.dtu === "roof")
				records.push(this.meter(time));
			records.push(this.sum(one, time, powers));
		}
		return records;
	}

	// What DTUs tell about themselves.
	infos(time) {
		return DTUS.map(one => this.info(one, time));
	}
}

module.exports = { DTUS, INPUTS, Plant, iso };
