#!/bin/bash
# pipelines/to-pvoutput and to-evcc: what they send to a simulated PVOutput, and
# print for evcc.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
pipelines=$(cd "$(dirname "$0")/../../pipelines" && pwd)

same "a pipeline to another database has at most 15 lines" \
	"$(wc -l "$pipelines"/{to-*,from-*,influx.jq,pvoutput.jq} |
		awk '$2 != "total" && $1 > 15')" ""

# An HTTP server for one request at a time, which logs it and answers $1.
port=$(free_port)
perl -MIO::Socket::INET -e '
	$| = 1;
	my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $ARGV[0], Listen => 5, ReuseAddr => 1) or die;
	while (my $c = $s->accept) {
		my ($n, $body, @head) = 0;
		while (my $line = <$c>) {
			last if $line =~ /^\r\n$/;
			$n = $1 if $line =~ /^Content-Length: (\d+)/i;
			push @head, $line if $line =~ /^(POST|X-)/i;
		}
		next unless @head;
		read $c, $body, $n;
		print map(s/\r//r, @head), "$body\n";
		my $code = $head[0] =~ /fail/ ? "400 Bad" : "200 OK";
		print $c "HTTP/1.1 $code\r\nContent-Length: 2\r\n",
		    "Connection: close\r\n\r\nno";
	}' "$port" >>"$work/asked" &
pids+=($!)
check "PVOutput is simulated" until_true 10 listening "$port"

echo secret >"$work/key"
export PVOUTPUT_URL="http://127.0.0.1:$port/add" PVOUTPUT_SYSTEM=12345 \
	PVOUTPUT_KEY_FILE=$work/key TZ=Europe/Berlin
cat >"$work/records" <<'END'
{"type":"dtu","time":"2026-10-25T00:57:00Z","dtu":"roof","pv_power":100.4,"today_production":10}
{"type":"dtu","time":"2026-10-25T00:59:00Z","dtu":"roof","pv_power":120.4,"today_production":12}
{"type":"dtu","time":"2026-10-25T00:58:00Z","dtu":"barn","pv_power":30,"today_production":5}
{"type":"port","time":"2026-10-25T00:58:00Z","dtu":"barn","pv_power":30}
{"type":"dtu","time":"2026-10-25T01:00:00Z","dtu":"roof","pv_power":1}
END
check "a batch is sent" "$pipelines/to-pvoutput" <"$work/records"
same "... with the sums of five minutes, in local time" "$(cat "$work/asked")" \
	'POST /add HTTP/1.1
X-Pvoutput-SystemId: 12345
X-Pvoutput-Apikey: secret
data=20261025%2C02%3A55%2C17%2C150%3B20261025%2C02%3A00%2C%2C1'
for n in {1..40}; do
	printf '{"type":"dtu","time":"2026-11-08T10:%02d:00Z","dtu":"roof","pv_power":%d,"today_production":1}\n' \
		$((n % 60)) "$n" | sed "s/10:\(..\):/$((n / 12 + 10)):$(printf %02d $((n * 5 % 60))):/"
done >"$work/many"
: >"$work/asked"
check "many are sent" "$pipelines/to-pvoutput" <"$work/many"
same "... the newest 30" "$(grep -o '%3B' "$work/asked" | wc -l) $(grep -c \
	'%2C14%3A20%2C1%2C40$' "$work/asked")" '29 1'
: >"$work/asked"
check "without a DTU nothing is sent" "$pipelines/to-pvoutput" </dev/null
same "... at all" "$(cat "$work/asked")" ""
same "a refused request is no success" "$(PVOUTPUT_URL=http://127.0.0.1:$port/fail \
	"$pipelines/to-pvoutput" <"$work/records" 2>"$work/err"; echo $?)" 75
same "nor is one to nobody" "$(PVOUTPUT_URL=http://127.0.0.1:1/ \
	"$pipelines/to-pvoutput" <"$work/records" 2>"$work/err"; echo $?)" 75
same "what is no record is no success" "$(echo '{' |
	"$pipelines/to-pvoutput" 2>"$work/err"; echo $?)" 65

# evcc

url=$(free_port)
mkfifo "$work/in"
hm-metrics --stats-period 0 --port "$url" <>"$work/in" >/dev/null 2>"$work/err" &
pids+=($!)
export HM_URL=http://127.0.0.1:$url
check "hm-metrics starts" until_true 10 listening "$url"
same "evcc gets an error while nothing is known" "$("$pipelines/to-evcc" \
	2>"$work/err"; echo $?)$(grep -c 'the power is not known' "$work/err")" 51
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
printf '%s\n' '{"type":"status","time":"'"$now"'","dtu":"roof","state":"online"}' \
	'{"type":"dtu","time":"'"$now"'","dtu":"roof","serial":"a","pv_power":757.9}' \
	>"$work/in"
is_known() {
	[ "$("$pipelines/to-evcc")" = 757.9 ]
}
check "evcc gets the power" until_true 10 is_known
same "and an error when nobody answers" "$(HM_URL=http://127.0.0.1:1 \
	"$pipelines/to-evcc" 2>"$work/err"; echo $?)" 7
finish
