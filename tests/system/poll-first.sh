#!/bin/bash
# What hm-poll says in a first poll: the likely cause if the scheme or the address
# is wrong or the host is no DTU, and progress if the poll takes long. The ports
# 502 and 10081 are on loopback addresses that only this test uses.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
lib=$(cd "$(dirname "$0")/../lib" && pwd)
net=127.$((20 + RANDOM % 200)).$((RANDOM % 256))

# poll OPTION ...: one poll; its status goes into $status.
poll() {
	timeout 30 hm-poll -1 --retries 0 --stats-period 0 "$@" >"$work/out" 2>"$work/err"
	status=$?
}

hint() {
	jq -r 'select(.type == "status") | .hint' "$work/out"
}

# talk NAME ADDRESS PORT=MODE[:TEXT] ...: start talk.pl, with its log in
# $work/NAME.
talk() {
	local name=$1
	shift
	"$lib/talk.pl" "$@" >"$work/$name" 2>"$work/$name.err" &
	pids+=($!)
	until_true 10 grep -q listen "$work/$name"
}

connections() {
	grep -c "open $2" "$work/$1"
}

# Whether no connection was opened while another was open.
one_at_a_time() {
	awk '/open/ { if (++open > 1) exit 1 } /close/ { open-- }' "$work/$1"
}

# full NAME ADDRESS PORT: listen, with no room for another connection.
full() {
	perl -MIO::Socket::INET -e '
		my ($host, $port) = @ARGV;
		my $server = IO::Socket::INET->new(Listen => 1,
			LocalAddr => $host, LocalPort => $port) or die;
		my @clients = map { IO::Socket::INET->new(PeerAddr => $host,
			PeerPort => $port, Blocking => 0) } 1 .. 8;
		$| = 1;
		print "listen\n";
		sleep 60' "$2" "$3" >"$work/$1" 2>"$work/$1.err" &
	pids+=($!)
	until_true 10 grep -q listen "$work/$1"
}

# With the right to listen on port 502.
may_use_502() {
	perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(Listen => 1,
		LocalAddr => $ARGV[0], LocalPort => 502)' "$net.250"
}

# on_terminal NAME COMMAND: run the command in the background on a terminal;
# shown NAME prints what it has written there.
on_terminal() {
	script -qec "$2 >'$work/$1.out'" /dev/null </dev/null \
		>"$work/$1.tty" 2>&1 &
	terminals+=($!)
	pids+=($!)
}
shown() {
	tr -d '\r' <"$work/$1.tty"
}

# Polls that take their time.
terminals=()
once="hm-poll -1 --retries 0 --stats-period 0 --read-timeout 2"
start_sim slow --dtus 3 --inverters 1
on_terminal roof "$once '${uris[0]%#*}#roof'"
hm-poll -1 --stats-period 0 "${uris[1]}" >"$work/none.out" 2>"$work/none.err" &
terminals+=($!)
poll --log-level INFO "${uris[2]%#*}#roof"
check "at level INFO hm-poll says why hm takes its time" grep -q "roof: asking\
 ${uris[2]%#*}; an hm DTU gets a request every 2 s" "$work/err"
ports=(1501 1502 1503 1504 1505)
names=(one two three four five)
talk many "$net.13" 1500=silent 1506=silent "${ports[@]/%/=silent}"
on_terminal error "$once --log-level ERROR 'modbus://$net.13:1500#roof'"
on_terminal json "$once --log-format json --log-level CRITICAL \
	'modbus://$net.13:1506#roof'"
for i in "${!ports[@]}"; do
	uris[i]="'modbus://$net.13:${ports[i]}#${names[i]}'"
done
on_terminal many "$once ${uris[*]}"
touch "$work/hm-poll-$net.2-1600.lock"
on_terminal locked "flock '$work/hm-poll-$net.2-1600.lock' $once \
	'modbus://$net.2:1600#shed'"
on_terminal retries "$once --retries 2 --retry-delay 0.1 \
	--retry-delay-max 0.1 'modbus://$net.2:1601#shed'"

neither="port 10081 does not answer either; is this the address of a DTU?"
off="Some firmware, V00.02.22 for one, switches Modbus off: then set the RS485"
off+=" mode to \"Remote Control\" in the app"

# A host without a scheme is read with Modbus, and speaks hm.
start_sim hm --listen "$net.1" --port 10081 --inverters 1
DTU_HOST=$net.1 poll
same "a host without a scheme that speaks hm: 69" "$status" 69
same "... the hint has the URI" "$(hint)" \
	"port 10081 answers: is it hm://$net.1?"
check "... so has the message" grep -q "refused: modbus://$net.1:502:.*refused;\
 port 10081 answers: is it hm://$net.1?\$" "$work/err"
poll "hm://$net.1"
same "... which is read" "$status" 0
poll "modbus://$net.1:10081"
same "Modbus at the port of hm" "$(hint)" \
	"10081 is the port of hm: is it hm://$net.1?"

# Nobody listens.
poll "modbus://$net.2"
same "Modbus, refused, and hm, too" "$(hint)" "$neither $off"
poll "hm://$net.2"
check "hm, refused, and Modbus, too" grep -q \
	"port 502 does not answer either; is this the address of a DTU?" \
	<(hint)

# The other port gets one connection, however often the polls fail.
talk once "$net.3" 10081=silent
hm-poll -n 2 --period 5 --retries 1 --retry-delay-max 0.1 --stats-period 0 \
	"modbus://$net.3" >"$work/twice" 2>/dev/null &
twice=$!
pids+=("$twice")

# A DTU that answers once.
reached=
if may_use_502; then
	talk other "$net.22" 10081=silent
	start_sim lost --transport modbus --listen "$net.22" --port 502 \
		--inverters 1 --inputs 1 --fault hang:after=4
	hm-poll -n 2 --period 5 --retries 0 --read-timeout 2 --stats-period 0 \
		"modbus://$net.22" >"$work/reached" 2>/dev/null &
	reached=$!
	pids+=("$reached")
fi

# A lock of the other port: another hm-poll may be connected there.
talk locked "$net.4" 10081=silent
exec {lock}>"$work/hm-poll-$net.4-10081.lock"
flock "$lock"
poll "modbus://$net.4"
exec {lock}>&-
same "a port that another hm-poll uses is left alone" \
	"$(connections locked 10081)" 0
check "... and the hint names the other protocol" grep -q \
	"most DTUs speak another protocol: try hm://$net.4\$" <(hint)
check "... behind the usual cause" grep -q '^some firmware, V00.02.22' <(hint)

# Silence may be a busy DTU, or a lost packet.
full full "$net.14" 10081
poll --connect-timeout 1 "modbus://$net.14"
check "a port that does not refuse may be the one" grep -q \
	"most DTUs speak another protocol: try hm://$net.14\$" <(hint)

# Hosts that are no DTUs.
talk web "$net.5" {10081,1502}='reply:HTTP/1.1 400 Bad Request\r\n\r\n'
talk page "$net.6" {10081,1502}='reply:<html><head><title>400</title>'
talk ssh "$net.7" {10081,1502}='greet:SSH-2.0-OpenSSH_9.2p1\r\n'
talk mail "$net.8" {10081,1502}='greet:220 mail.example ESMTP\r\n'
talk noise "$net.9" '10081=reply:\x80\x00\x01\xff\xfe\x07\x07\x07\x07\x07'
talk silent "$net.10" 10081=silent
talk closes "$net.11" 10081=close
find_it=": look up the DTU's address in the router's list of devices"
for host in 5 6 7 8; do
	poll "hm://$net.$host"
	hint >"$work/hint.$host"
	poll "modbus://$net.$host:1502"
	same "$net.$host: the same hint over Modbus" "$(hint)" \
		"$(cat "$work/hint.$host")"
done
same "a web server" "$(cat "$work/hint.5")" \
	"a web server answers there, no DTU$find_it"
same "a web server that sends a page" "$(cat "$work/hint.6")" \
	"$(cat "$work/hint.5")"
same "an SSH server" "$(cat "$work/hint.7")" \
	"an SSH server answers there, no DTU$find_it"
same "a mail server" "$(cat "$work/hint.8")" \
	"what answers there sends text, as no DTU does$find_it"
for host in 9 10 11; do
	poll --read-timeout 1 "hm://$net.$host"
	check "$(jq -r .error "$work/out"): is it a DTU?" grep -q "^port 502 \
does not answer either; is this the address of a DTU?" <(hint)
done
talk quiet "$net.12" 1502=silent
poll --read-timeout 1 "modbus://$net.12:1502"
same "Modbus, silent, at a port of its own: no word of RS485" "$(hint)" \
	"is this the address of a DTU?; most DTUs speak another protocol: try\
 hm://$net.12"

wait "$twice"
same "polls that fail again and again connect to the other port once" \
	"$(connections once 10081)" 1
same "... and have the hint each time" \
	"$(jq -r .hint "$work/twice" | sort | uniq -c | sed 's/^ *//')" \
	"2 port 10081 answers: is it hm://$net.3?"

if [ -n "$reached" ]; then
	start_sim modbus --transport modbus --listen "$net.20" --port 502
	poll "hm://$net.20"
	same "an hm URI of a DTU that speaks Modbus" "$(hint)" \
		"port 502 answers: is it modbus://$net.20?"
	poll --read-timeout 1 "hm://$net.20:502"
	same "hm at the port of Modbus" "$(hint)" \
		"502 is the port of Modbus: is it modbus://$net.20?"

	talk both "$net.21" 502=silent 10081=silent
	poll --read-timeout 1 "modbus://$net.21"
	same "Modbus, silent, and something listens at the port of hm" \
		"$(hint)" "port 10081 answers: is it hm://$net.21?"
	check "... its port is tried" until_true 5 grep -q 'close 10081' \
		"$work/both"
	check "... when the connection over Modbus is closed" \
		one_at_a_time both

	wait "$reached"
	same "a DTU that has answered: good, then silent" \
		"$(jq -r 'select(.type == "status") | .state' "$work/reached" |
		tr '\n' ' ')" "online offline "
	same "... its other port is left alone" \
		"$(connections other 10081)" 0
else
	skip "the port of Modbus" "this user may not listen on port 502"
fi

wait "${terminals[@]}"
same "a terminal shows whom hm-poll asks" "$(shown roof)" \
	"hm-poll: asking roof ..."
check "... and records go on" grep -q '"frame"' "$work/roof.out"
same "... not with --log-level ERROR" "$(shown error | grep -c asking)" 0
same "... nor as JSON" "$(shown json)" ""
same "... three DTUs by name and the number of the others" \
	"$(shown many | head -n 1)" \
	"hm-poll: asking one, two, three and 2 more ..."
same "... and a wait for another hm-poll" "$(shown locked | head -n 1)" \
	"hm-poll: waiting for another hm-poll, which reads shed ..."
same "... and retries" "$(shown retries | head -n 2)" \
	"hm-poll: shed: refused; retry 1 of 2 in 0.1 s ...
hm-poll: shed: refused; retry 2 of 2 in 0.1 s ..."
same "without a terminal nothing is shown" "$(cat "$work/none.err")" ""
finish
