# Print a script without comments and needless spaces, and with short names.
#
# A line's end stays unless an operator or a bracket before it shows that the
# statement goes on or has ended: so no semicolon is added or lost.
#
# A declared name is replaced everywhere by the same other name. Two local names
# get the same one only if no statement at the outermost level has both. The names
# of properties stay; an object's short form `{ name }` becomes `{ name: other }`.
# Names in a template stay, too.

# Whether a "/" after this token begins a regular expression.
function begins_regex(before) {
	return before == "" || before ~ /^[(,=:[!&|?{};+]$/ || before == "return"
}

# The length of the string or regular expression at the start of a text.
function quoted_length(text, quote,    i, c, in_class) {
	for (i = 2; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\\")
			i++
		else if (quote == "/" && c == "[")
			in_class = 1
		else if (quote == "/" && c == "]")
			in_class = 0
		else if (c == quote && !in_class)
			return i
	}
	print "a string without its end: " text >"/dev/stderr"
	failed = 1
	return length(text)
}

# The length of the token at the start of a text.
function token_length(text,    c, n) {
	c = substr(text, 1, 1)
	if (c == "/" && begins_regex(token[count])) {
		n = quoted_length(text, c)
		match(substr(text, n + 1), /^[a-z]*/)
		return n + RLENGTH
	}
	if (c ~ /["'`]/)
		return quoted_length(text, c)
	if (match(text, /^[A-Za-z_$][A-Za-z0-9_$]*/) ||
	    match(text, /^[0-9][0-9A-Za-z_.]*/) ||
	    match(text, /^(\.\.\.|\+\+|--)/) || match(text, /^\?\.[^0-9]/))
		return c == "?" ? 2 : RLENGTH
	return 1
}

function read_line(text,    n) {
	while (1) {
		sub(/^[ \t]+/, "", text)
		if (text == "" || substr(text, 1, 2) == "//")
			break
		n = token_length(text)
		token[++count] = substr(text, 1, n)
		text = substr(text, n + 1)
	}
	ends_line[count] = 1
}

function is_name(i) {
	return token[i] ~ /^[A-Za-z_$]/
}

# The place of the bracket that closes the one at i.
function closing(i,    depth) {
	for (; i <= count; i++) {
		if (token[i] ~ /^[({[]$/)
			depth++
		else if (token[i] ~ /^[])}]$/ && --depth == 0)
			return i
	}
	return count
}

# Take the names of a list in brackets as declared.
function declare_list(i,    end) {
	for (end = closing(i++); i < end; i++)
		if (is_name(i) && token[i - 1] ~ /^([[({,]|\.\.\.)$/)
			declared[token[i]] = 1
}

# Take the names of `const a = 1, b = 2;` as declared.
function declare_all(i,    depth) {
	for (; i <= count && depth >= 0 && token[i] !~ /^(;|of|in)$/; i++) {
		if (token[i] ~ /^[({[]$/) {
			if (depth++ == 0 && token[i - 1] ~ /^(const|let|,)$/)
				declare_list(i)
		} else if (token[i] ~ /^[])}]$/)
			depth--
		else if (depth == 0 && is_name(i) &&
		    token[i - 1] ~ /^(const|let|,)$/)
			declared[token[i]] = 1
	}
}

function find_declared(i,    t, end) {
	t = token[i]
	if (t == "const" || t == "let")
		declare_all(i + 1)
	else if (t == "function" && is_name(i + 1))
		declared[token[i + 1]] = 1
	else if (t == "(") {
		end = closing(i)
		# function name(...) {, name(...) { and (...) =>; not if (...) {
		if (token[end + 1] token[end + 2] == "=>" || (token[end + 1] \
		    == "{" && token[i - 1] !~ /^(if|for|while|switch)$/))
			declare_list(i)
	} else if (is_name(i) && token[i + 1] token[i + 2] == "=>")
		declared[t] = 1
}

function keep_words_of(text) {
	while (match(text, /[A-Za-z_$][A-Za-z0-9_$]*/)) {
		kept[substr(text, RSTART, RLENGTH)] = 1
		text = substr(text, RSTART + RLENGTH)
	}
}

# What stands at i: "property", "both" for `{ name }`, or "name"
function use_of(i, inside,    after) {
	after = token[i + 1]
	if (token[i - 1] == "." || token[i - 1] == "?.")
		return "property"
	if (inside != "object" || token[i - 1] !~ /^([{,]|async|get|set)$/)
		return "name"
	if (after ~ /^[,}=]$/)
		return "both"
	return after == ":" || after == "(" ? "property" : "name"
}

function opens_block(i) {
	return token[i - 1] ~ /^([)>;{}]|else|try|finally|do|catch|)$/
}

function find_uses(    i, depth, stack) {
	for (i = 1; i <= count; i++) {
		statement[i] = statements
		if (token[i] ~ /^[({[]$/)
			stack[++depth] = token[i] == "{" && !opens_block(i) ? \
			    "object" : "other"
		else if (token[i] ~ /^[])}]$/)
			depth--
		else if (substr(token[i], 1, 1) == "`")
			keep_words_of(token[i])
		else if (is_name(i))
			use[i] = use_of(i, stack[depth])
		if (depth == 0 && token[i] ~ /^[;}]$/)
			statements++
		if (depth == 0 && is_name(i) &&
		    token[i - 1] ~ /^(const|let|function|,)$/)
			outer[token[i]] = 1
	}
}

# The n-th short name: a ... z, A ... Z, aa ...
function short_name(n,    letters) {
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return (n < 52 ? "" : short_name(int(n / 52) - 1)) \
	    substr(letters, n % 52 + 1, 1)
}

# Whether one of the statements that have a name has a short name already.
function is_taken(name, other,    list, n, i) {
	if (other in taken)
		return 1
	n = split(statements_of[name], list, " ")
	for (i = 1; i <= n; i++)
		if ((list[i], other) in taken)
			return 1
	return 0
}

function choose_name(name,    n, list, i, other) {
	do
		other = short_name(n++)
	while (is_taken(name, other) || other ~ /^(do|if|in|of|as|is)$/)
	short[name] = other
	if (name in outer)
		taken[other] = 1
	n = split(statements_of[name], list, " ")
	for (i = 1; i <= n; i++)
		taken[list[i], other] = 1
}

# Choose short names, the shortest for the most frequent: for local names first,
# because each of those is there for a few statements.
function choose_names(    i, name, best, uses, pass) {
	for (i = 1; i <= count; i++) {
		name = token[i]
		if (use[i] != "name" && use[i] != "both")
			continue
		if (!(name in declared) || name in kept) {
			taken[name] = 1
			continue
		}
		uses[name]++
		if (!((name, statement[i]) in seen)) {
			seen[name, statement[i]] = 1
			statements_of[name] = statements_of[name] " " \
			    statement[i]
		}
	}
	for (pass = 1; pass <= 2; pass++)
		do {
			best = ""
			for (name in uses)
				if ((pass == 2) == (name in outer) &&
				    (best == "" || uses[name] > uses[best] ||
				    (uses[name] == uses[best] && name < best)))
					best = name
			if (best != "") {
				choose_name(best)
				delete uses[best]
			}
		} while (best != "")
}

function shortened(i) {
	if (!(token[i] in short) || use[i] == "property")
		return token[i]
	return (use[i] == "both" ? token[i] ":" : "") short[token[i]]
}

function print_tokens(    i, text, last) {
	for (i = 1; i <= count; i++) {
		text = shortened(i)
		if ((last ~ /[A-Za-z0-9_$]$/ && text ~ /^[A-Za-z0-9_$]/) ||
		    (last ~ /[+]$/ && text ~ /^[+]/) ||
		    (last ~ /-$/ && text ~ /^-/))
			printf " "
		printf "%s", text
		last = text
		if (ends_line[i] && text !~ /^[;,{(&|?:=*<>[]$/) {
			print ""
			last = ""
		}
	}
	print ""
}

{ read_line($0) }

END {
	if (failed)
		exit 1
	for (i = 1; i <= count; i++)
		find_declared(i)
	find_uses()
	kept["of"] = kept["async"] = kept["get"] = kept["set"] = 1
	kept["location"] = kept["history"] = kept["document"] = 1
	choose_names()
	print_tokens()
}
