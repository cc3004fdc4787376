// What hm-metrics says: the plant as it is now, by events, and the history.
const data = { plant: null, heard: 0 };

// Answers of the history, by path, oldest first.
const kept = new Map();

// The JSON of a path, at most `age` ms old. Fails with a text for people.
async function load(path, signal, age = 60000) {
	const had = kept.get(path);
	if (had && Date.now() - had.at < age)
		return had.value;
	const answer = await fetch(path, { signal }).catch(error => {
		throw error.name === "AbortError" ? error :
			Error(t("no_connection"));
	});
	const value = await answer.json().catch(error => {
		if (!answer.ok)
			return {};
		throw error.name === "AbortError" ? error :
			Error(t("no_connection"));
	});
	if (!answer.ok)
		throw Error(texts["lack_" + value.reason] ? t("lack_" +
			value.reason) : value.error || t("failed",
			answer.status));
	kept.delete(path);
	kept.set(path, { value, at: Date.now() });
	if (kept.size > 24)
		kept.delete(kept.keys().next().value);
	return value;
}

// Call heard(plant) for each state of the plant, and lost() when the connection
// is lost. A server that has no room for a listener is asked instead.
function listen(heard, lost) {
	let source = null, timer = 0;
	const hear = (plant, often) => {
		data.plant = plant;
		data.heard = Date.now();
		heard(plant, often);
	};
	async function ask(times) {
		try {
			const answer = await fetch("/api/plant");
			if (!answer.ok)
				throw Error();
			hear(await answer.json(), "every");
		} catch {
			lost();
		}
		timer = setTimeout(times > 0 ? () => ask(times - 1) : start,
			10000);
	}
	function start() {
		clearTimeout(timer);
		if (source)
			source.close();
		source = new EventSource("/events");
		source.onmessage = event => hear(JSON.parse(event.data),
			"live");
		source.onerror = () => {
			lost();
			if (source.readyState === EventSource.CLOSED)
				ask(6);
		};
	}
	// An event comes every 30 s at least. A phone that has slept may hold a
	// connection that nobody answers any more.
	setInterval(() => {
		if (source.readyState === EventSource.OPEN &&
			Date.now() - data.heard > 70000) {
			lost();
			start();
		}
	}, 10000);
	start();
}
