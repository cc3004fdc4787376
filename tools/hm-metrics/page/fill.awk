# fill.awk WORDS PAGE: print a page with the texts of a language: instead of
# data-t="KEY" in the node that has the attribute, instead of data-label="KEY" as
# its aria-label, and of {KEY} and {language}.

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/"/, "\\&quot;", text)
	return text
}

function word(key) {
	if (!(key in words)) {
		print FILENAME ": there is no text " key >"/dev/stderr"
		failed = 1
	}
	return words[key]
}

# The text of the key that is quoted, or in brackets, in what was matched.
function matched(line,    key) {
	key = substr(line, RSTART, RLENGTH)
	gsub(/^[^"{]*["{]|["}][^"}]*$/, "", key)
	return word(key)
}

function replaced(line, with) {
	return substr(line, 1, RSTART - 1) with substr(line, RSTART + RLENGTH)
}

FNR == 1 && NR == 1 {
	words["language"] = FILENAME
	gsub(/.*\/|\.js$/, "", words["language"])
}

NR == FNR {
	if (match($0, /^\t[a-zA-Z0-9_]+: "/)) {
		key = substr($0, 2, RLENGTH - 4)
		text = substr($0, RLENGTH + 1)
		sub(/",?$/, "", text)
		words[key] = escaped(text)
	}
	next
}

/^</ {
	while (match($0, / data-t="[a-zA-Z0-9_]+">/))
		$0 = replaced($0, ">" matched($0))
	while (match($0, / data-label="[a-zA-Z0-9_]+"/))
		$0 = replaced($0, " aria-label=\"" matched($0) "\"")
	while (match($0, /\{[a-zA-Z0-9_]+\}/))
		$0 = replaced($0, matched($0))
}

{ print }

END { exit failed }
