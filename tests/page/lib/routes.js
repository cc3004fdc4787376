"use strict";
// Every route of the page, with a day, a month and a year that have data.
module.exports = ["#/now", "#/now/2026-06-12", "#/history/2026-06",
	"#/history/2026", "#/history/all", "#/history/2026-06/116100000001/1",
	"#/panels", "#/events", "#/system"];
