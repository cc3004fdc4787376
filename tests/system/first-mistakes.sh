#!/bin/bash
# What a beginner gets wrong with files and pipes, and the line that says so.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"

pipelines=$(cd "$(dirname "$0")/../../pipelines" && pwd)
unset DTU_HOST DTU_CONFIGS HM_CONFIG MQTT_BROKER DATABASE_PATH
cd "$work" || exit
export HM_STATS_PERIOD=0

# Lines of hm-poll in a tool that wants those of hm-decode.
frame='{"type":"frame","dtu":"roof","transport":"hm","took_ms":1,"frames":[]}'
status='{"type":"status","time":"2026-11-23T10:15:00Z","dtu":"roof","state":"online"}'
reading='{"type":"dtu","time":"2026-11-23T10:15:00Z","dtu":"roof"}'
page=$(free_port)

# options_of TOOL: without a database, and on a port of its own.
options_of() {
	case $1 in
	hm-store) echo "-d $work/$1.db" ;;
	hm-metrics) echo "--port $page" ;;
	hm-alert) echo "--alerts" ;;
	esac
}

# run_tool TOOL LINE ...
run_tool() {
	local tool=$1
	shift
	# Words on purpose.
	# shellcheck disable=SC2046
	printf '%s\n' "$@" | "$tool" $(options_of "$tool") >out 2>err
}

frames_live() {
	local tool=$1 pid
	mkfifo "$tool.in"
	# shellcheck disable=SC2046
	"$tool" $(options_of "$tool") <"$tool.in" >/dev/null 2>err &
	pid=$!
	pids+=("$pid")
	exec 5>"$tool.in"
	printf '%s\n' "$frame" "$frame" "$frame" >&5
	check "$tool: three frames are reported while the stream goes on" \
		until_true 20 grep -q 'but 3 frames: is hm-decode missing' err
	printf '%s\n' "$frame" "$frame" >&5
	exec 5>&-
	wait "$pid"
	same "$tool: ... once" "$(grep -c 'no readings' err)" 1
}

for tool in hm-filter hm-alert hm-store hm-ha-discovery hm-metrics; do
	run_tool "$tool" "$status" "$frame" "$frame"
	same "$tool: frames without hm-decode end with 0" $? 0
	same "$tool: ... are passed on" "$(grep -c '"frame"' out)" 2
	same "$tool: ... and reported" "$(cat err)" \
		"$tool: warning: no readings, but 2 frames: is hm-decode missing?"
	run_tool "$tool" "$frame"
	same "$tool: a single frame" "$(cat err)" \
		"$tool: warning: no readings, but 1 frame: is hm-decode missing?"
	run_tool "$tool" "$reading" "$frame" "$frame" "$frame" "$frame"
	same "$tool: frames behind a reading are not reported" "$(cat err)" ""
	run_tool "$tool" "$status" "$status"
	same "$tool: nor is a stream of other records" "$(cat err)" ""
	frames_live "$tool"
done
run_tool hm-decode "$frame" "$frame" "$frame" "$frame"
same "hm-decode takes frames" "$(grep -c 'no readings' err)" 0

# The file of the database. Root may do everything with every file, so a test as
# root runs the tool as another user.
cp "$HM_BIN/hm-filter" tool
chmod 755 "$work" tool
if [ "$(id -u)" -eq 0 ]; then
	as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
else
	as_user=()
fi
mkdir open closed hidden
for _ in 1 2 3 4 5; do
	echo "This is a text, and is longer than the header of a database."
done >open/text.db
echo >open/secret.db
echo >open/frozen.db
sqlite3 open/other.db 'CREATE TABLE x (y)'
sqlite3 closed/wal.db 'PRAGMA journal_mode = WAL; CREATE TABLE x (y)' \
	>/dev/null
chmod 666 open/*.db closed/wal.db
chmod 444 open/frozen.db
chmod 000 open/secret.db hidden
chmod 777 open
chmod 555 closed

# refused PATH WHY: what hm-filter says of it.
refused() {
	same "$1: $2" \
		"$(echo "$reading" | "${as_user[@]}" ./tool -d "$1" 2>&1 \
			>/dev/null)" \
		"hm-filter: error: $1: cannot open the database: $2"
}
refused none/hm.db "no such directory; create it first"
refused open/text.db/hm.db "no such directory; create it first"
refused open "it is a directory"
refused open/text.db "file is not a database"
refused open/other.db "it is of another program; name a new file"
refused open/secret.db "no permission to read it"
refused open/frozen.db "no permission to write it"
refused closed/hm.db "no permission to write to its directory"
refused closed/wal.db "no permission to write to its directory"
refused hidden/hm.db "no permission to enter its directory"
chmod 755 closed hidden

# The shell is that of the namespace.
# shellcheck disable=SC2016
read_only='mount -t tmpfs tmpfs closed && cp open/made.db closed/hm.db &&
	mount -o remount,ro closed && echo "$1" |
	hm-filter -d closed/hm.db 2>&1 >/dev/null'
echo "$reading" | hm-filter -d open/made.db >/dev/null
alone=(unshare --mount --propagation private)
[ "$(id -u)" -eq 0 ] || alone+=(--map-root-user)
if "${alone[@]}" mount -t tmpfs tmpfs closed 2>/dev/null; then
	same "a mount that is read-only" \
		"$("${alone[@]}" sh -c "$read_only" sh "$reading")" \
		"hm-filter: error: closed/hm.db: cannot open the database: the file system is read-only"
else
	skip "a mount that is read-only" "the kernel gives us no namespace"
fi

same "a file to read that is not there" "$(hm-store --stats -d new.db 2>&1)" \
	"hm-store: error: new.db: cannot read the database: no such file"
same "... or has no directory" "$(hm-store --stats -d none/hm.db 2>&1)" \
	"hm-store: error: none/hm.db: cannot read the database: no such directory; create it first"
mkfifo store.in
hm-store -d none/hm.db --delay 0 <store.in >/dev/null 2>err &
pids+=($!)
exec 5>store.in
echo "$reading" >&5
check "hm-store says why it cannot store" until_true 20 grep -q \
	'none/hm.db: cannot store: no such directory; create it first; records are kept' err
exec 5>&-

# Pipelines without arguments, or with those in another order.
capture_usage="usage: capture FILE [OPTION...] [DTU...], as in capture roof.ndjson -n 10 hm://192.168.1.50"
mkdir empty
cd empty || exit
for arguments in "" "-n 10 ../roof.ndjson" "hm://127.0.0.1:$page" "--help"; do
	# shellcheck disable=SC2086 # words on purpose
	same "capture $arguments" \
		"$("$pipelines/capture" $arguments 2>&1; echo $?)" \
		"$capture_usage
64"
done
for arguments in "" "-n" "a b"; do
	# shellcheck disable=SC2086 # words on purpose
	same "replay $arguments" \
		"$("$pipelines/replay" $arguments 2>&1; echo $?)" \
		"usage: replay FILE, as in replay roof.ndjson
64"
done
same "... make no file" "$(ls)" ""
start_sim plant --inverters 1 --inputs 1
check "capture keeps frames" "$pipelines/capture" roof.ndjson -1 "${uris[0]}"
check "... which replay decodes" grep -q '^{"type":"port"' \
	<("$pipelines/replay" roof.ndjson)
finish
