#!/bin/bash
# Commands and their results in the database of hm-store, in its files, and in
# the API of hm-metrics.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE
export TZ=UTC

db=$work/hm.db
at=2026-11-23T10:

# record TYPE MM:SS ID DTU MEMBERS
record() {
	printf '{"type":"%s","time":"%s%sZ","id":"%s","dtu":"%s",%s}\n' "$1" \
		"$at" "$2" "$3" "$4" "$5"
}

store() {
	hm-store --stats-period 0 -d "${file:-$db}" "$@" 2>>"$work/err"
}

# orders [FILE]: a line for each command, without its id.
orders() {
	sqlite3 -readonly "${1:-$db}" "SELECT substr(time, 15, 5), dtu, serial,
		action, coalesce(percent, watts), source, state, error, text,
		seconds FROM orders"
}

# A limit that is done, one that was refused before hm-poll, one that nobody has
# carried out yet, and one whose hm-poll was killed.
limit='"action":"limit","percent":60'
shared=homeassistant/hoymiles_mqtt/command
{
	record command 00:00 a roof "$limit,\"from\":\"stdin\""
	record result 00:04 a roof '"action":"limit","state":"accepted"'
	record result 00:09 a roof '"action":"limit","state":"done","percent":60'
	record result 01:00 b roof '"state":"refused","error":"invalid","text":"no action"'
	record command 02:00 c barn \
		'"action":"limit_temporary","watts":412.5,"from":"hm-limit"'
	record command 03:00 d roof \
		"\"serial\":\"116164402321\",\"action\":\"turn_off\",\"from\":\"$shared\""
	record result 03:07 d roof '"serial":"116164402321","action":"turn_off",
		"state":"unknown","error":"interrupted"' | tr -d '\n\t'
	echo
} >"$work/stream"
expected="00:00|roof||limit|60|stdin|done|||9
01:00|roof|||||refused|invalid|no action|0
02:00|barn||limit_temporary|412.5|hm-limit||||
03:00|roof|116164402321|turn_off||$shared|unknown|interrupted||7"

store <"$work/stream" >"$work/out"
check "commands and results pass unchanged" cmp "$work/stream" "$work/out"
same "each command is a row, with its last state" "$(orders)" "$expected"
store <"$work/stream" >/dev/null
same "a stream that comes again adds nothing" "$(orders)" "$expected"
same "... and is no reason for a warning" "$(cat "$work/err")" ""
{
	record result 05:00 a roof '"action":"limit","state":"failed","error":"closed"'
	record command 06:00 a roof '"action":"turn_off"'
	record command 06:30 a roof "$limit,\"from\":\"again\""
	record result 06:31 a roof '"state":"refused","error":"same_id"'
	record result 07:00 e roof '"state":"begun"'
} | store >/dev/null
same "a second final result changes nothing" "$(orders)" "$expected"
same "... but the log says so, and that a command had the id of another" \
	"$(cat "$work/err")" \
	"hm-store: warning: line 5: not stored: state is none of refused, accepted, under_way, done, failed, unknown
hm-store: warning: a result of the id \"a\" is not stored: there is done of ${at}00:09Z
hm-store: warning: a command of the id \"a\" is not stored: there is another one of ${at}00:00Z
hm-store: warning: a command of the id \"a\" is not stored: there is another one of ${at}00:00Z
hm-store: warning: a result of the id \"a\" is not stored: there is done of ${at}00:09Z"
: >"$work/err"

# The files of hm-store.
store --verify "$db" >"$work/verdict"
same "--verify accepts them" "$? $(jq -c '[.good, .problems]' "$work/verdict")" \
	'0 [true,[]]'
store --export | file=$work/copy.db store >/dev/null
same "an export has them all" "$(orders "$work/copy.db")" "$expected"
store --backup "$work/backup.db" >/dev/null
sqlite3 "$db" "DELETE FROM commands; UPDATE results SET state = 'ended'
	WHERE id = 'a'"
store --verify "$db" >"$work/verdict"
same "--verify finds a state that cannot be" \
	"$? $(jq -r '.problems[]' "$work/verdict")" \
	"65 2 rows of results have a state that is not that of their stage"
store --restore "$work/backup.db" >/dev/null
same "--restore brings them back" "$(orders)" "$expected"
record inverter 00:00 0 roof '"serial":"116164402321"' |
	file=$work/copy.db store >/dev/null
file=$work/copy.db store --rename-dtu roof=House >/dev/null
hm-store -d "$work/copy.db" --replace-inverter 116164402321=116164402399 \
	>/dev/null 2>&1
same "other names of a DTU and an inverter are theirs, too" \
	"$(orders "$work/copy.db")" \
	"$(sed 's/roof/House/; s/116164402321/116164402399/' <<<"$expected")"

# The API
mkfifo "$work/in"
exec 7<>"$work/in"
port=$(free_port)
hm-metrics --port "$port" --stats-period 0 -d "$db" --timezone UTC \
	<"$work/in" >/dev/null 2>"$work/log" 7>&- &
pids+=($!)
get() {
	curl -sS "http://127.0.0.1:$port$1" "${@:2}"
}
until_true 10 get /livez >/dev/null
same "/api/orders has the newest first" "$(get /api/orders | jq -r '.orders[] |
	[.time[14:19], .dtu, .serial, .action, .percent // .watts, .source,
	.state, .error, .text, .seconds] | map(. // "") | join("|")')" \
	"$(tac <<<"$expected")"
same "... a bounded number of them" \
	"$(get "/api/orders?limit=2" | jq -c '[.orders[].id]')" '["d","c"]'
same "... of some days" \
	"$(get "/api/orders?from=2026-11-20&to=2026-11-22" | jq -c .orders)" '[]'
same "... as CSV" "$(get "/api/orders?format=csv&limit=1" | tr -d '\r')" \
	"id,time,dtu,serial,action,percent,watts,source,state,error,text,seconds
d,${at}03:00Z,roof,116164402321,turn_off,,,$shared,unknown,interrupted,,7"
same "no more than 1000" "$(get "/api/orders?limit=1001" | jq -r .error)" \
	'limit is "1001", but must be a number from 1 to 1000'

# A database of a version without commands: in the schema of today nothing else
# is missing.
cp "$work/backup.db" "$work/old.db"
sqlite3 "$work/old.db" "DROP VIEW orders; DROP TABLE commands;
	DROP TABLE results"
port=$(free_port)
hm-metrics --port "$port" --stats-period 0 -d "$work/old.db" <"$work/in" \
	>/dev/null 2>&1 7>&- &
pids+=($!)
until_true 10 get /livez >/dev/null
has_orders() {
	get /api/orders | jq -e '.orders == []' >/dev/null
}
same "an older database has none" \
	"$(get /api/orders -o /dev/null -w '%{http_code}')" 503
file=$work/old.db store </dev/null >/dev/null
check "... until hm-store has opened it" until_true 15 has_orders
same "nothing else is logged" "$(cat "$work/err" "$work/log")" \
	"hm-store: error: $db: no good database of hm: 2 rows of results have a state that is not that of their stage"
finish
