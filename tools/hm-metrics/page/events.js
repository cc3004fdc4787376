// Events: what is wrong now, commands, and outages and alarms of the past year.
const MOST_EVENTS = 200, MOST_ORDERS = 50;

// The errors of an outage, in words where there are any
const errorWords = errors => (errors || "").split(", ").map(
	error => texts["error_" + error] ? t("error_" + error) : error
	).join(", ");

function showPastEvent(node, plant, e) {
	const isCode = /^\d+$/.test(e.what);
	const title = e.kind === "outage" ? t("alert_dtu_offline") + ": " +
		errorWords(e.what) : alarmName(isCode ? "" : e.what, e.what,
		e.text);
	const seconds = known(e.seconds) ? e.seconds : Math.max(0,
		(now() - Date.parse(e.start)) / 1000);
	showTrouble(node, title, [placeOf(plant, e), e.end ?
		momentsText(e.start, e.end) : moment(e.start), e.end ?
		lasted(seconds) : t("lasts", lasted(seconds))], e.hint);
}

async function loadEvents(signal) {
	const plant = data.plant, to = dayOf(now());
	const { events } = await load("/api/events?limit=" + MOST_EVENTS +
		"&from=" + addYears(to, -1) + "&to=" + to, signal, 30000);
	setText(byId("events-note"), !events.length ? t("no_events") :
		events.length < MOST_EVENTS ? tn("events_of_year",
		events.length) : t("newest_events", number(MOST_EVENTS)));
	showList(byId("past"), events, e => [e.kind, e.start, e.dtu, e.serial,
		e.port, e.what].join(" "), troubleCard, (node, e) =>
		showPastEvent(node, plant, e));
}

// "60 %" or "400 W"; undefined if the order has no amount.
function limitOf(o) {
	if (known(o.percent))
		return number(o.percent, o.percent % 1 && 1) + " %";
	return known(o.watts) ? inUnit(o.watts, "W") : undefined;
}

// "Limit to 60 %: done"
function orderName(o) {
	const limit = limitOf(o), key = "order_" + (o.action || "none");
	const bare = key + "_none";
	return (!limit && texts[bare] ? t(bare) :
		texts[key] ? t(key, limit) : o.action) + ": " +
		t("state_" + (o.state || "none"));
}

function showOrder(node, plant, o) {
	showTrouble(node, orderName(o), [placeOf(plant, o), moment(o.time),
		o.source && t("sent_by", o.source), o.seconds &&
		lasted(o.seconds)]);
	setText(node.lastChild, o.text || "");
	node.lastChild.hidden = !o.text;
}

async function loadOrders(signal) {
	const plant = data.plant;
	const { orders } = await load("/api/orders?limit=" + MOST_ORDERS,
		signal, 30000);
	byId("commands").hidden = !orders.length;
	setText(byId("newest"), orders.length ? orderName(orders[0]) : "");
	showList(byId("orders"), orders, o => o.id, troubleCard, (node, o) =>
		showOrder(node, plant, o));
}

routes.events = {
	shown: null,
	open() {
		this.shown = new AbortController();
		this.asked = 0;
	},
	show(plant) {
		const { signal } = this.shown;
		showTroubles(byId("troubles"), troublesOf(plant));
		if (Date.now() - this.asked < 30000)
			return;
		this.asked = Date.now();
		loadEvents(signal).then(() => loadOrders(signal)).catch(
			error => signal.aborted ||
			setText(byId("events-note"), error.message));
	},
	close() {
		this.shown.abort();
	}
};
