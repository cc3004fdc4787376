#!/bin/bash
# hm-ship: each poll that hm-store has stored reaches a COMMAND that fails, hangs
# and is killed, and comes again only if its batch was not acknowledged.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DATABASE_PATH HM_OUTBOX HM_SITE HM_SITE_KEY HM_SHIP_TO
export TZ=UTC LC_ALL=C
db=$work/hm.db
export TAKEN=$work/taken

# polls DTU HOUR COUNT [PORTS]: polls of inputs and a DTU, a second apart.
polls() {
	awk -v dtu="$1" -v hour="$2" -v count="$3" -v ports="${4:-1 2}" 'BEGIN {
		n = split(ports, port, " ")
		for (s = 0; s < count; s++) {
			head = sprintf("\"time\":\"2026-11-23T%02d:%02d:%02dZ\"," \
			    "\"dtu\":\"%s\"", hour + s / 3600, s / 60 % 60, s % 60, dtu)
			for (i = 1; i <= n; i++)
				printf "{\"type\":\"port\",%s,\"serial\":" \
				    "\"116400000001\",\"port\":%d,\"pv_power\":%d}\n",
				    head, port[i], s % 400
			if (n > 1)
				printf "{\"type\":\"dtu\",%s,\"pv_power\":%d}\n",
				    head, s % 800
		}
	}'
}

store() {
	hm-store -d "$db" --stats-period 0 --outbox >/dev/null
}

sql() {
	sqlite3 -cmd '.timeout 5000' "$db" "$@"
}

start_anew() {
	rm -rf "$db"* "$TAKEN"
	mkdir "$TAKEN"
}

ship() {
	hm-ship -d "$db" --stats-period 0 "$@" 2>"$work/err"
}

status_of() {
	"$@"
	echo $?
}

exported() {
	hm-store -d "$db" --export --stats-period 0
}

# A COMMAND: keeps a batch as a file, whose name has the moment and the numbers.
cat >"$work/take" <<'EOF'
#!/bin/bash
part=$(mktemp "$TAKEN/.part.XXXXXX") &&
	cat >"$part" &&
	mv "$part" "$TAKEN/$(date +%s%N).$HM_BATCH_FIRST-$HM_BATCH_LAST"
EOF
# Fails as often as the file says, after it has taken the batch.
cat >"$work/fail" <<'EOF'
#!/bin/bash
"${0%/*}/take" || exit
read -r left <"$TAKEN.left"
[ "$left" -gt 0 ] || exit 0
echo $((left - 1)) >"$TAKEN.left"
exit 3
EOF
chmod +x "$work/take" "$work/fail"

batches() {
	find "$TAKEN" -maxdepth 1 -name '[0-9]*' | sort
}
numbers() {
	batches | sed 's/.*\.//' | xargs
}
lines() {
	batches | xargs -r cat
}

# What a COMMAND gets

start_anew
same "without an outbox it says what to do" \
	"$(polls roof 10 1 | hm-store -d "$db" --stats-period 0 >/dev/null
	status_of ship --once -- true) $(cat "$work/err")" \
	"75 hm-ship: error: default: not shipped: $db: there is no outbox in it:\
 hm-store makes it with outbox: true"
same "without a database, too" \
	"$(status_of ship -d "$work/none.db" --once -- true) $(cat "$work/err")" \
	"75 hm-ship: error: default: not shipped: there is no such database;\
 hm-store makes it"
check "... and makes no file" [ ! -e "$work/none.db" ]
start_anew
polls roof 10 20 | store
same "--once ships all that waits" "$(status_of ship --once -- "$work/take")" 0
same "... as hm-store exports it" "$(lines)" "$(exported)"
same "... with its numbers" "$(numbers)" 1-20
same "... and nothing is left" "$(sql 'SELECT count(*) FROM outbox')" 0
same "without new polls COMMAND does not run" \
	"$(status_of ship --once -- false)" 0
polls roof 11 5 | store
echo '{"type":"status","time":"2026-11-23T11:00:03Z","dtu":"roof","state":"offline"}' |
	store
cat >"$work/hm.yaml" <<EOF
database_path: $db
ship_to:
  centre: echo "\$HM_TO \$HM_SITE \$HM_SITE_KEY \$HM_BATCH_POLLS"; test -f /dev/stdin; wc -l; tail -n 1 /dev/stdin
  other: \${no}
site: roof-17
site_key: secret
EOF
same "a COMMAND of ship_to, and its environment" \
	"$(ship -c "$work/hm.yaml" --to centre --once; cat "$work/err")" \
	"centre roof-17 secret 6
16
{\"type\":\"status\",\"time\":\"2026-11-23T11:00:03Z\",\"dtu\":\"roof\",\"state\":\"offline\"}"
same "all destinations of ship_to join" \
	"$(sql "SELECT name FROM ship_to WHERE name <> 'default'" | xargs)" "centre other"
same "--check keeps the key to itself" \
	"$(hm-ship -c "$work/hm.yaml" --check | grep -c secret)" 0
same "a name that ship_to lacks" \
	"$(status_of ship -c "$work/hm.yaml" --to nobody) $(cat "$work/err")" \
	"64 hm-ship: error: no command for the destination \"nobody\": give one\
 after --, or name one of ship_to with --to"
same "a name that cannot be one of a service" \
	"$(status_of ship --to a/b -- true) $(cat "$work/err")" \
	"78 hm-ship: error: --to: found \"a/b\", allowed are 1 to 64 letters,\
 digits, - and _, and no - at the start"
sql "DELETE FROM ship_to WHERE name <> 'default'"

# What a parent has left open or ignored

start_anew
polls roof 10 1 | store
cat >"$work/look" <<'EOF'
for fd in 3 4 5 6 7 8 9; do
	[ ! -e "/proc/$$/fd/$fd" ] || echo "$fd"
done
echo "${HM_NOTIFY_FD-none}"
EOF
same "COMMAND gets neither its descriptors nor HM_NOTIFY_FD" \
	"$(HM_NOTIFY_FD=3 ship --once -- sh "$work/look" \
		3> >(cat >"$work/ready") 8</dev/null; cat "$work/err")" none
check "... which is for hm-ship itself" until_true 10 [ -s "$work/ready" ]
polls roof 11 1 | store
same "a parent that ignores SIGCHLD changes nothing" \
	"$(trap '' CHLD; status_of ship --once -- "$work/take") $(numbers)" \
	"0 2-2"

# A COMMAND that fails, hangs, or does not exist

start_anew
polls roof 10 20 | store
same "a COMMAND that fails ends --once with 75" \
	"$(status_of ship --once -- sh -c 'exit 3') $(cat "$work/err")" \
	"75 hm-ship: error: default: not shipped: the command ended with status 3"
same "... and so does one that is killed" \
	"$(status_of ship --once -- sh -c 'kill -9 $$') $(cat "$work/err")" \
	"75 hm-ship: error: default: not shipped: the command was ended by signal 9"
same "... and one that does not exist" \
	"$(status_of ship --once -- "$work/none")" 75
same "one that hangs has a time limit" \
	"$(status_of ship --once --timeout 0.3 -- sh -c \
	'sleep 7007 & sleep 7007') $(cat "$work/err")" \
	"75 hm-ship: error: default: not shipped: the command did not end within\
 1 s (ship_timeout)"
same "... also for what it has started" \
	"$(processes_with "sleep 7007" | wc -l)" 0
# shellcheck disable=SC2016 # the shell of COMMAND expands it
polite='trap "exit 0" TERM; touch "$TAKEN/begun"; sleep 7009 & wait'
same "one that ends with 0 at its time limit has not delivered" \
	"$(status_of ship --once --timeout 0.5 -- sh -c "$polite") $(cat "$work/err")" \
	"75 hm-ship: error: default: not shipped: the command did not end within\
 1 s (ship_timeout)"
rm -f "$TAKEN/begun"
hm-ship -d "$db" --stats-period 0 -- sh -c "$polite" >/dev/null 2>&1 &
ship=$!
pids+=("$ship")
until_true 10 [ -e "$TAKEN/begun" ]
kill "$ship"
wait "$ship"
same "... nor one that ends with 0 because hm-ship stops" \
	"$? $(processes_with "sleep 7009" | wc -l)" "0 0"
rm -f "$TAKEN/begun"
same "nothing of that counts as shipped" \
	"$(sql 'SELECT seq FROM ship_to; SELECT count(*) FROM outbox')" "0
20"

# Late rows, half polls, and a batch that comes again

echo 2 >"$TAKEN.left"
hm-ship -d "$db" --period 1 --stats-period 0.2 -- "$work/fail" \
	2>"$work/err" >"$work/out" &
ship=$!
pids+=("$ship")
taken() {
	[ "$(batches | wc -l)" -ge "$1" ]
}
until_true 20 taken 1
# While it waits: the rest of a poll, and an older one.
polls roof 10 1 3 | store
polls roof 9 2 | store
check "after a failure it tries again" until_true 20 taken 4
nothing_waits() {
	[ "$(sql 'SELECT count(*) FROM outbox')" = 0 ]
}
check "... until nothing waits" until_true 10 nothing_waits
same "the same batch comes again, then what came late" \
	"$(numbers)" "1-20 1-20 1-20 21-23"
mapfile -t file < <(batches)
check "... with the same bytes" cmp "${file[0]}" "${file[2]}"
same "a poll whose rest comes late comes again, whole" \
	"$(grep -c '10:00:00Z' "${file[0]}") $(grep -c '10:00:00Z' "${file[3]}")" \
	"3 4"
check "all rows have arrived" cmp <(lines | sort -u) <(exported | sort)
same "the log has the begin of the failure and its end" \
	"$(sed 's/after [0-9]* s/after N s/' "$work/err")" \
	"hm-ship: error: default: not shipped: the command ended with status 3;\
 tried again until it is
hm-ship: warning: default: ships again, after N s"
has_counted() {
	tail -n 1 "$work/out" | grep -q '"waiting":0'
}
until_true 10 has_counted
same "stats records count" "$(tail -n 1 "$work/out" | jq -c '[.tool, .batches,
	.shipped, .lines, .waiting, .failures, .failing]')" \
	'["hm-ship",2,23,70,0,2,0]'
same "one hm-ship a destination" \
	"$(status_of ship --once -- true) $(cat "$work/err")" \
	"75 hm-ship: error: default: not shipped: another hm-ship ships to it"
kill "$ship"
wait "$ship"
same "SIGTERM ends it with 0" $? 0

# The file of the lock

start_anew
polls roof 10 2 | store
ln -s nowhere "$db.ship-default"
same "a lock that cannot be taken is named" \
	"$(status_of ship --once -- true) $(cat "$work/err")" \
	"75 hm-ship: error: default: not shipped: cannot lock $db.ship-default:\
 Too many levels of symbolic links"
rm "$db.ship-default"
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$work"
	mkdir "$work/theirs"
	polls roof 10 2 | hm-store -d "$work/theirs/hm.db" --outbox \
		--stats-period 0 >/dev/null
	chown -R 12345:12346 "$work/theirs"
	ship -d "$work/theirs/hm.db" --to first --once -- true
	same "the lock that root makes belongs to the owner of the database" \
		"$(stat -c %u:%g "$work/theirs/hm.db.ship-first")" 12345:12346
	touch "$work/theirs/hm.db.ship-second"
	chmod 600 "$work/theirs/hm.db.ship-second"
	ship -d "$work/theirs/hm.db" --to second --once -- true
	same "... but not one that was there" \
		"$(stat -c %u "$work/theirs/hm.db.ship-second")" 0
fi

# Two destinations

start_anew
polls roof 10 10 | store
ship --once --to a -- "$work/take"
same "rows stay for a destination that has joined" "$(
	ship --once --to b -- false
	polls roof 11 5 | store
	ship --once --to a -- "$work/take"
	sql 'SELECT count(*) FROM outbox')" 5
rm "$TAKEN"/*
ship --once --to b -- "$work/take"
same "... and are deleted when all have them" \
	"$(lines | wc -l) $(sql 'SELECT count(*) FROM outbox')" "15 0"

# From the history

{
	echo '{"type":"status","time":"2026-11-23T09:00:00Z","dtu":"roof","state":"online"}'
	echo '{"type":"status","time":"2026-11-23T10:00:07Z","dtu":"roof","state":"offline"}'
	echo '{"type":"info","time":"2026-11-23T10:00:07Z","dtu":"roof","serial":"1","model":"x"}'
	echo '{"type":"command","time":"2026-11-23T10:00:08Z","id":"c1","action":"turn_off"}'
	echo '{"type":"stats","time":"2026-11-23T10:00:09Z","tool":"hm-poll","polls":1}'
} | store
ship --once --to a -- true
ship --once --to b -- true
rm "$TAKEN"/*
ship --once --to b --since 2026-11-23T10:00:05Z -- "$work/take"
same "--since ships again what is stored since then" \
	"$(lines | sort)" \
	"$(hm-store -d "$db" --export --since 2026-11-23T10:00:05Z |
		grep -v '"type":"stats"' | sort)"
same "... also other records" "$(lines | grep -cE '"(status|info|command)"')" 3
same "a wrong time" "$(status_of ship --since yesterday -- true)" 78

# hm-store writes between two hours that are listed again.
list_has_begun() {
	[ "$(sql "SELECT count(*) FROM outbox WHERE dtu = 'roof'")" -gt 0 ]
}
start_anew
for hour in {0..19}; do
	polls roof "$hour" 2
done | store
ship --once -- true
mkfifo "$work/line"
hm-store -d "$db" --delay 0 --stats-period 0 --outbox <"$work/line" \
	>/dev/null 2>"$work/store.err" &
store=$!
pids+=("$store")
exec 7>"$work/line"
start=$(milliseconds)
hm-ship -d "$db" --once --stats-period 0 --since 2026-11-23 -- "$work/take" \
	>/dev/null 2>"$work/err" 7>&- &
ship=$!
pids+=("$ship")
until_true 20 list_has_begun
polls barn 0 1 1 >&7
exec 7>&-
wait "$store"
wait "$ship"
same "while 20 hours are listed again hm-store writes" \
	"$? $(cat "$work/err" "$work/store.err") $(lines |
	awk '/barn/ { print (NR > 1 && NR < 121) } END { print NR }' | xargs)" \
	"0  1 121"
check "... in the gaps between them" [ $(($(milliseconds) - start)) -ge 2000 ]
for hour in {0..19}; do
	polls shed "$hour" 2
done | store
hm-ship -d "$db" --stats-period 0 --since 2026-11-23 -- true >/dev/null &
ship=$!
pids+=("$ship")
until_true 20 list_has_begun
kill "$ship"
wait "$ship"
same "a signal ends the listing" \
	"$? $(sql "SELECT count(*) < 40 FROM outbox WHERE dtu = 'roof'")" "0 1"

# Signals while COMMAND runs

start_anew
polls roof 10 5 | store
# shellcheck disable=SC2016 # the shell of COMMAND expands it
hm-ship -d "$db" --once -- sh -c 'touch "$TAKEN/begun"; sleep 0.5' >/dev/null &
ship=$!
until_true 10 [ -e "$TAKEN/begun" ]
kill "$ship"
wait "$ship"
same "what COMMAND has taken during a stop is acknowledged" \
	"$(sql 'SELECT count(*) FROM outbox')" 0
polls roof 11 5 | store
rm "$TAKEN"/*
# shellcheck disable=SC2016
hm-ship -d "$db" -- sh -c 'touch "$TAKEN/begun"; exec sleep 7008' \
	>/dev/null 2>"$work/err" &
ship=$!
until_true 10 [ -e "$TAKEN/begun" ]
start=$(milliseconds)
polls barn 11 2 | store
check "hm-store does not wait for COMMAND" soon "$start" 3000
kill "$ship"
sleep 0.1
kill "$ship"
wait "$ship"
same "a second signal ends COMMAND, and hm-ship with 0" \
	"$? $(processes_with "sleep 7008" | wc -l)" "0 0"
same "... what it had is not acknowledged" \
	"$(sql 'SELECT count(*) FROM outbox')" 7

# An older copy of the database takes its place

start_anew
polls roof 10 5 | store
cp "$db" "$work/copy.db"
polls roof 11 5 | store
cat >"$work/replace" <<EOF
#!/bin/sh
"$work/take"
[ ! -e "$work/copy.db" ] || { rm -f "$db-wal" "$db-shm"; mv "$work/copy.db" "$db"; }
EOF
chmod +x "$work/replace"
ship --once -- "$work/replace"
same "what the copy has is shipped, whatever the other one was at" \
	"$(numbers) $(sql 'SELECT seq FROM ship_to')" "1-10 1-5 5"
check "... with a warning" grep -qF "default: the database has been replaced,\
 or another hm-ship ships from it; reading it again" "$work/err"

# A person at a terminal sees how it goes on.

polls roof 10 90 | hm-store -d "$work/slow.db" --outbox --stats-period 0 >/dev/null
script -qec "hm-ship -d '$work/slow.db' --once --polls 1 -- sleep 0.04" \
	/dev/null </dev/null >"$work/screen" 2>&1 &
terminal=$!
pids+=("$terminal")

# kill -9 at any moment

start_anew
polls roof 8 1500 | store
polls barn 9 500 | store
kills=0
while [ "$kills" -lt 15 ]; do
	hm-ship -d "$db" --polls 37 --stats-period 0 -- "$work/take" 2>/dev/null &
	ship=$!
	sleep "0.$(printf '%03d' $((RANDOM % 250 + 20)))"
	kill -9 "$ship"
	wait "$ship" 2>/dev/null
	kills=$((kills + 1))
done
echo 3 >"$TAKEN.left"
# The COMMAND of the last one may live a moment longer.
until ship --once --polls 37 -- "$work/fail"; do :; done
rm -f "$TAKEN"/.part.*
check "there were enough batches" [ "$(numbers | wc -w)" -gt 50 ]
check "no row is lost" cmp <(lines | sort -u) <(exported | sort)
# A batch follows the one before it, or begins as that one did.
same "only batches come again that were not acknowledged" "$(numbers |
	tr ' ' '\n' | awk -F- '$1 != first && $1 != last + 1 { print }
	{ first = $1; last = $2 }')" ""
same "... and nothing waits" "$(sql 'SELECT count(*) FROM outbox')" 0

wait "$terminal"
check "a terminal shows batches, polls, their rate, and what is left" grep -qE \
	'default: [0-9]+ batches, [0-9]+ polls, [0-9]+ polls/s, [0-9]+ left' \
	"$work/screen"
finish
