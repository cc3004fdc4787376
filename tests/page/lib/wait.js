"use strict";
const { readFileSync } = require("node:fs");
const { availableParallelism, cpus } = require("node:os");

const sleep = ms => new Promise(done => setTimeout(done, ms));

// How many times as long as on an idle machine things may take now.
function patience() {
	const cores = availableParallelism ? availableParallelism() :
		cpus().length;
	const load = parseFloat(readFileSync("/proc/loadavg", "utf8"));
	return 1 + Math.floor(load / cores);
}

// Wait until the (asynchronous) function returns something true, and return
// that; or its last result after so many seconds, longer on a loaded machine.
async function until(seconds, what) {
	const end = Date.now() + seconds * 1000 * patience();
	for (;;) {
		const found = await what();
		if (found || Date.now() > end)
			return found;
		await sleep(25);
	}
}

module.exports = { sleep, patience, until };
