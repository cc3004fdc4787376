#!/bin/bash
# pipelines/to-influx with a real InfluxDB that is killed: what was acknowledged is
# there, once, and what it refuses for good holds up nothing.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/engines.sh
. "$root/tests/lib/engines.sh"
type -P influxd >/dev/null ||
	{ skip "InfluxDB" "this Debian has no influxdb"; finish; }
needs jq curl

port=$(free_port)
cat >"$work/influx.toml" <<END
reporting-disabled = true
bind-address = "127.0.0.1:$(free_port)"
[meta]
dir = "$work/meta"
[data]
dir = "$work/data"
wal-dir = "$work/wal"
[http]
bind-address = "127.0.0.1:$port"
log-enabled = false
END
start_influx() {
	influxd -config "$work/influx.toml" >>"$work/influx.log" 2>&1 &
	influx=$!
	pids+=($!)
	until_true 30 curl -sf "http://127.0.0.1:$port/ping"
}
kill_influx() {
	kill -KILL "$influx"
	wait "$influx" 2>/dev/null
}
query() {
	curl -sG "http://127.0.0.1:$port/query" --data-urlencode db=hm \
		--data-urlencode epoch=s --data-urlencode "q=$1"
}
values() {
	query "$1" | jq -c '.results[0].series[]? | .values[]'
}
check "InfluxDB starts" start_influx
query 'CREATE DATABASE hm' >"$work/out"
export TZ=Europe/Berlin HM_SITE='roof, east=1' INFLUX_URL="http://127.0.0.1:$port/write?db=hm&precision=s"

cat >"$work/one" <<'END'
{"type":"inverter","time":"2026-11-08T11:00:00Z","dtu":"a b,c=d\\e","serial":"114182000001","model":"HM \"800\", x=1\\","grid_voltage":230,"stale":true,"curve":[1,2]}
{"type":"inverter","time":"2026-07-08T11:01:00Z","dtu":"a b,c=d\\e","serial":"114182000001","grid_voltage":230.1}
{"type":"alarm","time":"2026-11-08T11:00:00Z","dtu":"roof","code":209}
{"type":"port","time":"2026-11-08T11:00:00Z","dtu":"roof","serial":"x","port":1}
{"type":"port_daily","time":"2026-11-08T00:00:00Z","day":"2026-11-08","dtu":"roof","serial":"x","port":1,"removed":true}
{"type":"meter","time":"2026-11-08T11:00:00Z","dtu":"line\nbreak\\","serial":"m","power":1}
END
check "odd names and kinds of values are written" "$root/pipelines/to-influx" \
	<"$work/one"
same "... as they are" "$(query 'SELECT * FROM inverter' | jq -c '.results[0]
	.series[0] | .columns as $c | .values[] | [$c, .] | transpose
	| map({(.[0]): .[1]}) | add')" \
	'{"time":1783508460,"dtu":"a b,c=d\\e","grid_voltage":230.1,"model":null,"serial":"114182000001","site":"roof, east=1","stale":null}
{"time":1794135600,"dtu":"a b,c=d\\e","grid_voltage":230,"model":"HM \"800\", x=1\\","serial":"114182000001","site":"roof, east=1","stale":true}'
same "... a break and a backslash in a tag, too" "$(values 'SELECT dtu, serial,
	power FROM meter')" '[1794135600,"line break","m",1]'
same "... and no other record" "$(values 'SHOW MEASUREMENTS')" '["inverter"]
["meter"]'

export HM_SITE=roof
echo '{"type":"inverter","time":"2026-11-08T11:02:00Z","dtu":"roof","serial":"y","grid_voltage":"high"}
{"type":"inverter","time":"2026-11-08T11:02:00Z","dtu":"roof","serial":"z","grid_voltage":231}' >"$work/bad"
check "a value of another kind holds up nothing" "$root/pipelines/to-influx" \
	<"$work/bad"
same "... is logged" "$(grep -c 'field type conflict' "$work/check.out")" 1
same "... and the rest is stored" "$(values "SELECT grid_voltage FROM inverter
	WHERE serial = 'z'")" '[1794135720,231]'

status() {
	env "$@" "$root/pipelines/to-influx" <"$work/one" >"$work/out" 2>&1
	echo $?
}
same "an unknown database is no success" \
	"$(status INFLUX_URL="http://127.0.0.1:$port/write?db=none&precision=s")" 75
same "... nor none at all" \
	"$(status INFLUX_URL="http://127.0.0.1:$port/write?precision=s")" 75
same "no server is no success" "$(status INFLUX_URL=http://127.0.0.1:1/write)" 75
mkdir "$work/shim"
cat >"$work/shim/curl" <<'END'
#!/bin/bash
cat >/dev/null
printf '%s\n' "$@" >"$SEEN"
for word; do
	case $word in @/dev/fd/*) cat "${word#@}" >"$SEEN.header" ;; esac
done
printf '\n204'
END
chmod +x "$work/shim/curl"
same "a token is sent" "$(status PATH="$work/shim:$PATH" SEEN="$work/seen" \
	INFLUX_TOKEN=very-secret) $(cat "$work/seen.header")" \
	'0 Authorization: Token very-secret'
same "... and is no argument, which ps would show" \
	"$(grep -c very-secret "$work/seen")" 0
check "a real curl takes it" env INFLUX_TOKEN=very-secret \
	"$root/pipelines/to-influx" <"$work/bad"
echo 'no JSON' >"$work/one"
same "a batch that jq cannot read is no success" "$(status A=1)" 75

# Batches until they are acknowledged, and kills

jq -nc -f "$root/tests/lib/sample.jq" | head -n 6000 >"$work/lines"
split -l 200 -a 3 "$work/lines" "$work/batch."
has_failed() {
	[ -s "$work/ship.err" ]
}
: >"$work/shipped"
deliver "$root/pipelines/to-influx" "$work"/batch.* &
pids+=($!)
for n in 3 9; do
	until_true 30 shipped "$n"
	: >"$work/ship.err"
	kill_influx
	check "an attempt fails meanwhile" until_true 20 has_failed
	check "InfluxDB starts after a kill" start_influx
done
check "all batches are acknowledged" until_true 60 shipped 30
kill_influx
check "InfluxDB starts after a kill" start_influx
for type in port dtu meter; do
	same "no $type is lost or stored twice" "$(values "SELECT count(*)
		FROM \"$type\" WHERE site = 'roof'" | jq max)" \
		"$(jq -c "select(.type == \"$type\")" "$work/lines" |
		jq -s '[([.[].link_status | values] | length),
		([.[].power | values] | length), ([.[].total_production | values]
		| length), 0] | max')"
done
same "the energy of an input is that of the records" "$(values "SELECT
	sum(total_production) FROM port WHERE serial = '114182000001'
	AND port = '1'" | jq '.[1]')" "$(jq -c 'select(.type == "port" and
	.serial == "114182000001" and .port == 1) | .total_production' \
	"$work/lines" | jq -s add)"

# VictoriaMetrics, of which only that it takes the lines

if type -P victoria-metrics >/dev/null; then
	vport=$(free_port)
	victoria-metrics -storageDataPath="$work/vm" -retentionPeriod=100y \
		-httpListenAddr="127.0.0.1:$vport" >"$work/vm.log" 2>&1 &
	pids+=($!)
	check "VictoriaMetrics starts" until_true 30 \
		curl -sf "http://127.0.0.1:$vport/health"
	export VICTORIA_URL=http://127.0.0.1:$vport
	check "it takes a batch" "$root/pipelines/to-victoriametrics" \
		<"$work/batch.aaa"
	curl -s "$VICTORIA_URL/internal/force_flush" >"$work/out"
	same "... whole" "$(curl -sG "$VICTORIA_URL/api/v1/export" --data-urlencode \
		'match[]={__name__="port_total_production",site="roof"}' |
		jq -s '[.[].values[]] | length')" "$(jq -c 'select(.type == "port"
		and .total_production)' "$work/batch.aaa" | wc -l)"
else
	skip "VictoriaMetrics" "this Debian has no victoria-metrics"
fi
finish
