// What is wrong now: alarms, and DTUs that do not answer. Now and Events show
// it.

// The name of a DTU in the settings, or else its own.
function titleOf(plant, name) {
	const dtu = plant.dtus.find(d => d.name === name);
	return dtu && dtu.title || name;
}

// The inverter of an alarm or event, and its input.
function placeOf(plant, a) {
	const unit = plant.units.find(u => u.serial === a.serial);
	const port = unit && unit.ports.find(p => p.port === a.port);
	return joined([titleOf(plant, a.dtu), unit && unit.title || a.serial,
		a.port ? port && port.title || t("input", a.port) : null]);
}

// The kind of an alarm and its text: "Too hot: 85 °C, ..."
function alarmName(alert, code, text) {
	if (!alert)
		return text || t("alarm", code);
	const more = (text || "").replace(/^no answer(: )?/, "");
	return (texts["alert_" + alert] ? t("alert_" + alert) : alert) +
		(more ? ": " + more : "");
}

// What hm-poll does while a circuit breaker is not closed.
function waiting(dtu) {
	if (dtu.breaker === "half_open")
		return t("half_open");
	if (dtu.breaker === "open" || dtu.retry_at)
		return dtu.retry_at ? t("left_until", moment(dtu.retry_at)) :
			t("left");
	return "";
}

// The night of the settings, or the dusk at which the last DTU went to sleep.
function isNight(plant) {
	const last = plant.curve.filter(known).pop() || 0;
	return plant.night || (plant.healthy && plant.units.length > 0 &&
		last < 20 * plant.units.length &&
		plant.dtus.every(d => d.status === "error"));
}

const silent = plant => isNight(plant) ? [] : plant.dtus.filter(
	d => d.status === "error" || d.status === "stale");

function troublesOf(plant) {
	const alarms = plant.alarms.map(a => {
		const dtu = /^(dtu_offline|stale)$/.test(a.alert) &&
			plant.dtus.find(d => d.name === a.dtu) || {};
		const hint = "hint_" + a.alert;
		return { key: [a.dtu, a.serial, a.port, a.code, a.alert,
			a.start].join(" "), title: alarmName(a.alert, a.code,
			a.text), where: placeOf(plant, a), start: a.start,
			hint: a.hint || dtu.hint || (texts[hint] ? t(hint) :
			""), wait: waiting(dtu) };
	});
	return alarms.concat(silent(plant).filter(d => !plant.alarms.some(
		a => a.dtu === d.name && /^(dtu_offline|stale)$/.test(a.alert))
		).map(d => ({ key: "dtu " + d.name,
			title: alarmName(d.status === "stale" ? "stale" :
			"dtu_offline", null, d.reason),
			where: d.title || d.name, start: null,
			last: d.answered, wait: waiting(d), hint: d.hint ||
			(d.status === "stale" ? t("hint_stale") : "") })));
}

// A card of a trouble, of now or of the past
function troubleCard() {
	return make("li", "card", make("h3"), make("p", "soft"),
		make("p", "hint"));
}

function showTrouble(node, title, facts, hint) {
	const [head, line, advice] = node.children;
	setText(head, title);
	setText(line, joined(facts));
	setText(advice, hint ? t("what_to_do", hint) : "");
	advice.hidden = !hint;
}

function showTroubles(list, troubles) {
	showList(list, troubles, x => x.key, troubleCard,
		(node, x) => {
			node.classList.add("trouble");
			showTrouble(node, x.title, [x.where, x.start ?
				t("since", moment(x.start)) : x.last ?
				t("last_answer_at", moment(x.last)) : null,
				x.wait], x.hint);
		});
}
