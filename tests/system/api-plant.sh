#!/bin/bash
# /api/plant: what the settings say of the plant, and what is known of DTUs and
# inverters; absent as long as it is not known.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=tests/lib/api.sh
. "$(dirname "$0")/../lib/api.sh"
unset HM_CONFIG DTU_HOST DATABASE_PATH TIMEZONE TZ

cat >"$work/hm.yaml" <<-END
	dtu_configs:
	  - name: roof
	    uri: hm://192.0.2.7
	  - name: barn
	    host: barn.example.org
	timezone: Asia/Kolkata
	plant_name: Sunnyside
	currency: EUR
	price_own: 0.325
	price_given: 0.0803
	co2_g_kwh: 380
END

api=/api/plant

# tell TYPE MEMBERS: write a record of the DTU roof with the present time.
tell() {
	echo "{\"type\":\"$1\",\"time\":\"$(date -u +%FT%TZ)\",\"dtu\":\"roof\",$2}" >&7
}

facts='[.name, .zone, .currency, .price_own, .price_given, .co2_g_kwh]'
news='[.dtus[] | .host, .firmware, .signal, .hint, .retry_at]'

serve
check "without settings there are no facts" is \
	'[has("name", "zone", "currency", "price_own", "price_given", "co2_g_kwh")]' \
	'[false,false,false,false,false,false]'
same "... but the version and the time zone's offset" \
	"$(get /api/plant | jq -r '"\(.version) \(.utc_offset)"')" \
	"$(hm-metrics --version | cut -d' ' -f2) $(date +%z | sed 's/[+0]//g; s/^$/0/')"

# A DTU that the settings do not name: its address comes with a status.
tell dtu '"serial":"10f714323186","pv_power":100'
check "a DTU without an address and a signal has none" until_true 10 is \
	'[.dtus[0] | has("host", "firmware", "signal", "hint", "retry_at")]' \
	'[false,false,false,false,false]'
tell status '"state":"online","breaker":"closed","host":"192.0.2.9"'
check "the address of a status record" until_true 10 is \
	'.dtus[0].host' '"192.0.2.9"'

serve -c "$work/hm.yaml"
check "the settings are facts" is "$facts" \
	'["Sunnyside","Asia/Kolkata","EUR",0.325,0.0803,380]'
check "the offset is the plant's" is .utc_offset 19800
check "the addresses of the settings" is "$news" \
	'["192.0.2.7",null,null,null,null,"barn.example.org",null,null,null,null]'
tell info '"serial":"10f714323186","kind":"dtu","model":"DTU-Pro","firmware":"V00.02.08","signal":62'
tell dtu '"serial":"10f714323186","pv_power":100'
tell inverter '"serial":"116172207281","model":"HM-1000/1200/1500-4T","active_power":90'
tell inverter '"serial":"999972207281","active_power":90'
check "what an info record has told" until_true 10 is \
	'.dtus[0] | [.firmware, .signal]' '["V00.02.08",62]'
check "the rated power of a model that is known" until_true 10 is \
	'[.units[] | .rated]' '[1500,null]'
tell info '"serial":"116172207281","kind":"inverter","model":"HM-1200","firmware":"V01.00.12"'
check "... of the model that an info record has named" until_true 10 is \
	'.units[0] | [.kind, .rated]' '["HM-1200",1200]'

failed='"state":"offline","breaker":"closed","failures":1,"error":"refused","text":"Connection refused"'
tell status "$failed,\"hint\":\"close the app\",\"retry_at\":\"2026-11-23T15:59:40Z\""
check "why a DTU does not answer, what to do, and when it is polled next" \
	until_true 10 is '.dtus[0] | [.reason, .hint, .retry_at, has("breaker", "signal")]' \
	'["Connection refused","close the app","2026-11-23T15:59:40Z",false,false]'
tell status "$failed"
check "a status without a hint has none" until_true 10 is \
	'.dtus[0] | [has("hint", "retry_at")]' '[false,false]'
tell dtu '"serial":"10f714323186","pv_power":100'
check "a DTU that answers has no hint" until_true 10 is \
	'.dtus[0] | [.signal, has("reason", "hint", "retry_at")]' \
	'[62,false,false,false]'
same "nothing was logged" "$(cat "$work/err")" ""

# Bounds of the settings beyond those of their types.
refused() {
	env "$1" hm-metrics --check 2>"$work/refused" >/dev/null
	cat "$work/refused"
}
same "a currency that is none is refused" "$(refused HM_CURRENCY=euro)" \
	"hm-metrics: error: currency (HM_CURRENCY): found \"euro\", allowed are three capital letters, such as EUR, CHF or USD"
check "a long name of the plant is refused" grep -q 'at most 120 bytes' \
	<(refused "HM_PLANT_NAME=$(printf '%121d' 0)")
same "a price has at most six decimals" "$(refused HM_PRICE_OWN=0.0000001)" \
	"hm-metrics: error: HM_PRICE_OWN: found \"0.0000001\", allowed are 0 to 100000"
finish
