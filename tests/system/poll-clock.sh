#!/bin/bash
# The clock of a running hm-poll is set: by years, by days, over 2038, and over
# the change to summer time. Polls, retries and the breaker go by the monotonic
# clock; the quiet time, uploads and the times of records by the clock.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/clock.sh
. "$(dirname "$0")/../lib/clock.sh"
unset TIMEZONE TZ

day=86400
year=$((365 * day))
start_sim plant --transport hm,modbus --inverters 1 --inputs 1 --dtus 14
hm=("${uris[@]:0:14}")
modbus=("${uris[@]:14}")
gone=modbus://127.0.0.1:$(free_port)

# start_poll NAME TIME OPTION ...: poll with a clock of this name. The stamped
# records go to $work/NAME.
start_poll() {
	local name=$1
	set_clock "$name" "$2"
	shift 2
	exec_with_clock "$name" "$HM_BIN/hm-poll" --period 5 --stats-period 0 \
		--timezone UTC --log-level CRITICAL "$@" \
		> >("$HM_BUILD/helper/stamp" >"$work/$name") &
	poll=$!
	pids+=("$poll")
}

# frames NAME [DTU]: how many have come.
frames() {
	grep -c "\"frame\".*\"dtu\":\"${2-fine}\"" "$work/$1"
}

# wait_for NAME COUNT: so many frames have come, and the next one is not near.
wait_for() {
	until_true 30 enough "$1" "$2"
	sleep 1
}

enough() {
	[ "$(frames "$1")" -ge "$2" ]
}

# end NAME: stop after the time of three more polls.
end() {
	sleep 12
	kill -TERM "$poll"
	wait "$poll"
	echo "$?" >"$work/$1.status"
	clock_now "$1" >"$work/$1.end"
}

# step NAME N SECONDS|TIME: set the clock between two polls, with DTU number N.
step() {
	start_poll "$1" 2026-11-23T12:05:00Z "${modbus[$2]}#fine" \
		"${hm[$2]}#wireless" "$gone#gone" --retries 1 --retry-delay 1 \
		--no-exponential-backoff --breaker-threshold 1 \
		--breaker-timeout 3 --breaker-timeout-max 3
	wait_for "$1" 2
	case $3 in
	*T*) set_clock "$1" "$3" ;;
	*) step_clock "$1" "$3" ;;
	esac
	clock_now "$1" >"$work/$1.stepped"
	end "$1"
}

# quiet NAME N SECONDS|TIME BEGIN OPTION ...: from BEGIN on, with a quiet time.
quiet() {
	start_poll "$1" "$4" "${modbus[$2]}#fine" --night-period 60 "${@:5}"
	wait_for "$1" "$([[ $1 = out* ]] && echo 1 || echo 2)"
	case $3 in
	*T*) set_clock "$1" "$3" ;;
	*) step_clock "$1" "$3" ;;
	esac
	end "$1"
}

# Into the time of an upload, and years back out of it.
upload() {
	start_poll upload 2026-11-23T12:05:00Z "${modbus[$1]}#fine" \
		--cloud-friendly --cloud-margin 60
	wait_for upload 2
	step_clock upload $((9 * 60 + 30))
	sleep 5
	frames upload >"$work/upload.before"
	step_clock upload $((-10 * year - 9 * 60 - 30))
	end upload
}

runs=()
n=0
# run KIND NAME ...
run() {
	"$1" "$2" $n "${@:3}" &
	runs+=($!)
	n=$((n + 1))
}

run step back10y $((-10 * year))
run step back1d $((-day))
run step ahead1d $day
run step ahead40d $((40 * day))
run step ahead10y $((10 * year))
run step over2038 2038-01-19T03:14:03Z
run quiet into $((12 * 3600 - 10 * year)) 2026-11-23T12:00:00Z \
	--night 22:00-05:00
run quiet out $((12 * 3600 - 10 * year)) 2026-11-23T23:00:00Z \
	--night 22:00-05:00
run quiet spring 2027-03-28T00:59:59Z 2026-11-23T12:00:00Z \
	--night 02:30-03:30 --timezone Europe/Berlin
run quiet autumn 2027-10-31T00:59:59Z 2026-11-23T12:00:00Z \
	--night 02:00-02:30 --timezone Europe/Berlin
upload $n &
runs+=($!)
wait "${runs[@]}"

# in_time NAME DTU FIELD SECONDS: records of a DTU with FIELD come every SECONDS,
# by the monotonic clock, the first of them excepted: none is missing and none
# came twice.
in_time() {
	jq -rse --arg dtu "$2" --argjson every "$4" --argjson late \
		"$((900 * $(patience)))" "map(select(.[1].dtu == \$dtu and
			.[1].$3) | .[0]) | .[1:] |
		[range(1; length) as \$i | .[\$i] - .[\$i - 1]] |
		\"ms between: \(.)\", (length >= 2 and
			min > \$every * 1000 - 900 and
			max < \$every * 1000 + \$late)" "$work/$1"
}

# utc SECONDS, also after 2038, which jq does not know on a machine of 32 bits.
utc() {
	perl -MPOSIX=strftime -e \
		'print strftime("%Y-%m-%dT%H:%M:%SZ", gmtime shift)' "$1"
}

# told_time NAME: records of after the step have the times of the clock.
told_time() {
	jq -rse --arg from "$(utc "$(<"$work/$1.stepped")")" \
		--arg to "$(utc "$(<"$work/$1.end")")" \
		'map(.[1] | select(.type == "frame") | .time) |
		"\(.), clock from \($from) to \($to)",
		(map(select(. >= $from and . <= $to)) | length >= 4)' \
		"$work/$1"
}

for name in back10y back1d ahead1d ahead40d ahead10y over2038; do
	same "$name: hm-poll ends with 0" "$(<"$work/$name.status")" 0
	check "... a DTU is read every period" in_time "$name" fine took_ms 5
	check "... one over hm, too" in_time "$name" wireless took_ms 5
	# A probe is one attempt, made when the breaker's time is over.
	check "... a breaker's probes are made in time" in_time "$name" gone \
		'breaker == "half_open"' 3
	check "... and records have the new time" told_time "$name"
done
same "over2038: the second of 2038 has passed" \
	"$(jq -rs 'map(.[1].time // empty) | last >= "2038-01-19T03:14:08Z"' \
		"$work/over2038")" true
same "a clock that is set into the night: polls are left out" \
	"$(frames into)" 2
check "... out of it: none is held back" [ "$(frames out)" -ge 3 ]
same "the night of summer time begins in a missing hour" "$(frames spring)" 2
same "... and that of winter time in a repeated one" "$(frames autumn)" 2
same "a clock that is set to an upload: no poll begins" \
	"$(<"$work/upload.before")" 2
check "... years back: none is held back" [ "$(frames upload)" -ge 4 ]
finish
