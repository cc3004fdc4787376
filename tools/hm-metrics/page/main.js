// The router over the address, the state of the connection, and the start.
let route = null, version;

function titleNow() {
	const plant = data.plant, name = plant.name || t("plant");
	const what = route !== routes.now ? t(route.key) : known(plant.watts) ?
		inUnit(plant.watts, "W") : "";
	document.title = what ? what + " – " + name : name;
}

// #/ROUTE/ARGUMENT
function follow(moved) {
	const [key, ...args] = location.hash.slice(2).split("/");
	const next = routes[key] || routes.now;
	if (route) {
		route.close();
		byId("r-" + route.key).hidden = true;
	}
	const other = route !== next;
	route = next;
	byId("r-" + route.key).hidden = false;
	for (const a of byId("routes").children)
		if (a.dataset.key === route.key)
			a.setAttribute("aria-current", "page");
		else
			a.removeAttribute("aria-current");
	route.open(args);
	route.show(data.plant);
	titleNow();
	if (moved && other) {
		scrollTo(0, 0);
		byId("h-" + route.key).focus({ preventScroll: true });
	}
}

function showBadge(plant) {
	const node = byId("routes").querySelector("[data-key=events] .badge");
	const count = troublesOf(plant).length;
	node.hidden = count === 0;
	setText(node, number(count));
}

// Say what clock the page shows if the browser's shows another time.
function showZone(plant) {
	byId("zone").hidden = !isElsewhere();
	setText(byId("zone"), t("zone", plant.zone || t("plants_zone"),
		shown(now()).slice(11, 16), stamp(now()).slice(11, 16)));
}

function showPlant(plant) {
	setClock(plant);
	setText(byId("plant"), plant.name || t("plant"));
	setText(byId("version"), plant.version ? "hm " + plant.version : "");
	showZone(plant);
	showBadge(plant);
	route.show(plant);
	titleNow();
}

function showLink(text, kind) {
	setText(byId("link"), text);
	byId("link").className = "state " + kind;
	document.body.classList.toggle("old", kind === "lost bad");
}

// A new version of hm-metrics has a new page: take that, once.
function renew(plant) {
	try {
		if (plant.version !== version &&
			sessionStorage.version !== plant.version) {
			sessionStorage.version = plant.version;
			location.reload();
		}
	} catch {
		// Without a storage of the session the old page stays.
	}
}

function onPlant(plant, often) {
	renew(plant);
	showPlant(plant);
	const away = silent(plant).length;
	showLink(joined([t(often), away ? tn("away", away) : ""]),
		away ? "bad" : "good");
}

const onLost = () => showLink(t("lost", moment(data.heard)), "lost bad");

// Until now, and without scripts, a table of the server's has the numbers.
function start() {
	byId("plain").remove();
	data.plant = JSON.parse(byId("first").textContent);
	data.heard = Date.now();
	version = data.plant.version;
	for (const key of ["now", "history", "panels", "events", "system"]) {
		if (!routes[key])
			continue;
		const a = link("#/" + key, t(key));
		routes[key].key = a.dataset.key = key;
		if (key === "events")
			a.append(make("span", "badge"));
		byId("routes").append(a);
	}
	byId("routes").hidden = false;
	showLink(t("connecting"), "");
	setClock(data.plant);
	follow(false);
	showPlant(data.plant);
	addEventListener("hashchange", () => follow(true));
	listen(onPlant, onLost);
}
start();
