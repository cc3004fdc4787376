"use strict";
// TAP lines, as tests/lib/lib.sh prints them.
let count = 0, failed = 0;

function ok(name, good, ...found) {
	count++;
	if (!good)
		failed++;
	console.log((good ? "ok - " : "not ok - ") + name);
	if (!good)
		for (const line of found.flat().slice(0, 20))
			console.log("# " + String(line).slice(0, 500));
}

function same(name, found, expected) {
	const text = value => typeof value === "string" ? value :
		JSON.stringify(value);
	ok(name, text(found) === text(expected), "found:    " + text(found),
		"expected: " + text(expected));
}

function none(name, found) {
	ok(name, found.length === 0, found);
}

function note(text) {
	console.log("# " + text);
}

// Processes that end with the script, however it ends.
const children = [];
process.on("exit", () => children.forEach(child => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
	process.on(signal, () => process.exit(1));

function owned(child) {
	children.push(child);
	return child;
}

// Run a script of checks, and end with its result, whatever happens to it.
function run(main) {
	main().catch(error => ok("the script comes to its end", false,
		error.stack.split("\n"))).then(() => {
		console.log("1.." + count);
		process.exit(failed ? 1 : 0);
	});
}

module.exports = { none, note, ok, owned, run, same };
