#!/bin/bash
# To which names hm-metrics answers, what its log says of requests, and its
# warning about all addresses.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE TZ HEALTH_ALLOWED_HOSTS
refusal='{"error":"hm-metrics does not answer to the name in this address; add the name to health_allowed_hosts (HEALTH_ALLOWED_HOSTS)"}'
own=$(uname -n)
own=${own%%.*}

# Start hm-metrics; its log goes to $work/err.
start() {
	port=$(free_port)
	rm -f "$work/in"
	mkfifo "$work/in"
	exec 7<>"$work/in"
	hm-metrics --stats-period 0 --port "$port" "$@" <"$work/in" \
		>"$work/out" 2>"$work/err" 7>&- &
	server=$!
	pids+=("$server")
	until_true 5 listening "$port"
}

stop() {
	kill -TERM "$server"
	wait "$server"
	exec 7>&-
}

# raw LINE ...: the status of the answer to these lines and an empty one.
raw() {
	local status=
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	printf '%s\r\n' "$@" '' >&9
	read -r -t 5 _ status _ <&9
	exec 9>&-
	echo "$status"
}

# asked URL HOST: the status for a request with this Host.
asked() {
	raw "GET $1 HTTP/1.1" "Host: $2"
}

says() {
	grep -qxF "hm-metrics: $1" "$work/err"
}

start --allowed-hosts pv.example.org --log-level DEBUG
for host in localhost:8080 127.0.0.1 '[::1]' solar "$own" pv.example.org:443; do
	same "it answers to $host" "$(asked /stats "$host")" 200
done
[ "$own" = localhost ] ||
	same "... to its own name with a domain" \
		"$(asked /stats "$own.lan:8080")" 200
for url in / /events /health /stats /api/plant /api/ports /none; do
	same "$url is not for another name" "$(asked "$url" evil.example)" 403
done
same "... which HEAD says, too" \
	"$(raw 'HEAD /stats HTTP/1.1' 'Host: evil.example')" 403
same "... and says what to set" \
	"$(get /stats -H 'Host: evil.example:8080')" "$refusal"
for url in /livez /ready /metrics; do
	same "$url is for any name" "$(asked "$url" evil.example)" 200
	same "... for two" "$(raw "GET $url HTTP/1.1" 'Host: a.example' \
		'Host: b.example')" 200
done
same "an address in the request line is no way around it" \
	"$(raw 'GET http://localhost/stats HTTP/1.1' 'Host: evil.example')" 403
same "two hosts are none" "$(raw 'GET /stats HTTP/1.1' 'Host: localhost' \
	'host: localhost')" 400
same "an empty host is none" "$(raw 'GET /stats HTTP/1.0' 'Host:')" 400
same "HTTP/1.1 needs a host" "$(raw 'GET /stats HTTP/1.1')" 400
same "HTTP/1.0 does not" "$(raw 'GET /stats HTTP/1.0')" 200
same "a host may not be long" \
	"$(asked /stats "$(printf '%0254d' 0)")" 400
same "... however long" "$(asked /stats "$(printf '%06000d' 0)")" 400
same "the refused name is logged once" "$(grep warning "$work/err")" \
	'hm-metrics: warning: a request for "evil.example" was refused: if that is this machine, add the name to health_allowed_hosts; no more are logged'

# The log

raw 'GET /stats?password=secret HTTP/1.1' 'Host: localhost' >/dev/null
same "the log has no query" "$(grep -c 'secret' "$work/err")" 0
raw 'POST /a%0Ahm-metrics:%20error:%20b%1b[2J HTTP/1.1' 'Host: localhost' \
	'Content-Length: 0' >/dev/null
stop
check "each request is logged" grep -qxE \
	'hm-metrics: debug: GET /stats: status 200 in [0-9]+ ms' "$work/err"
check "... with its status" grep -qxE \
	'hm-metrics: debug: HEAD /stats: status 403 in [0-9]+ ms' "$work/err"
check "... on one line, without control characters" grep -qxE \
	'hm-metrics: debug: POST /a\?hm-metrics: error: b\?\[2J: status 405 in [0-9]+ ms' \
	"$work/err"

# Settings

same "a name with a port is a mistake" "$(HEALTH_ALLOWED_HOSTS='a.b c.d:80' \
	hm-metrics --check 2>&1; echo $?)" \
	"hm-metrics: error: health_allowed_hosts (HEALTH_ALLOWED_HOSTS): found \"c.d:80\", allowed are names and addresses, without http:// and without a port
78"

# All addresses

all='warning: HTTP is served on all addresses (%s), without a password: whoever can connect can read; health_host can name one address'
start
stop
check "there is no warning about one address" test ! -s "$work/err"
for host in 0.0.0.0 ::; do
	# A machine may be without IPv6.
	[ -e /proc/net/if_inet6 ] || [ "$host" != :: ] || continue
	start --listen "$host"
	stop
	# shellcheck disable=SC2059
	check "there is one about $host" says "$(printf "$all" "$host")"
done
finish
