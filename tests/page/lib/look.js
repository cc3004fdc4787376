"use strict";
// Functions that run in the page, and say what a person would see there.

// What is wider than the window, or reaches out of it: nothing but what
// scrolls in a box of its own may.
function overflow() {
	const width = document.documentElement.clientWidth;
	const name = node => node.localName + (node.id ? "#" + node.id : "") +
		(node.getAttribute("class") ? "." + node.getAttribute("class") :
		"") + ' "' + node.textContent.trim().slice(0, 40) + '"';
	const isHeld = node => {
		for (let n = node.parentElement; n && n !== document.body;
			n = n.parentElement)
			if (getComputedStyle(n).overflowX !== "visible" &&
				n.getBoundingClientRect().right <= width + 0.5)
				return true;
		return false;
	};
	const found = [];
	if (innerWidth > width + 20 ||
		document.documentElement.scrollWidth > width)
		found.push("the page is " +
			document.documentElement.scrollWidth + " wide");
	for (const node of document.body.querySelectorAll("*")) {
		const box = node.getBoundingClientRect();
		if (box.width > 1 && box.height > 1 &&
			(box.right > width + 0.5 || box.left < -0.5) &&
			!isHeld(node))
			found.push(name(node) + " from " +
				Math.round(box.left) + " to " +
				Math.round(box.right));
	}
	// A letter may reach over its place by a pixel.
	for (const node of document.querySelectorAll("svg text")) {
		const box = node.getBoundingClientRect();
		const all = node.ownerSVGElement.getBoundingClientRect();
		if (box.width && (box.right > all.right + 1.5 ||
			box.left < all.left - 1.5))
			found.push("cut: " + name(node));
	}
	return found.slice(0, 5);
}

// Where nothing but white space is seen, a route has failed.
function seen() {
	return document.querySelector("main").innerText.trim();
}

// Open what is folded, unless it is much; its list is filled by an event.
function unfold(most) {
	const folded = document.querySelectorAll("main details:not([open])");
	if (folded.length <= most)
		for (const node of folded)
			node.open = true;
	return new Promise(done => setTimeout(done, 50));
}

// What axe-core finds. It is there already.
async function violations() {
	const { violations } = await axe.run(document, { resultTypes:
		["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a",
		"wcag21aa", "wcag22aa", "best-practice"] });
	return violations.flatMap(v => v.nodes.slice(0, 3).map(n => v.id +
		": " + n.target.join(" ") + " " + n.any.concat(n.all,
		n.none).map(c => c.message).join("; ") + " " +
		n.html.slice(0, 120)));
}

module.exports = { overflow, seen, unfold, violations };
