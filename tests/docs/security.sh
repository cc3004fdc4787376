#!/bin/bash
# docs/security.md: its table of what each tool does against the functions that
# the tool is linked with, and its defaults against --check.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG HEALTH_HOST HEALTH_PORT
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/docs/security.md

# uses TOOL NAME ...: the functions among these that the tool calls.
uses() {
	local tool=$1
	shift
	nm -D --undefined-only "$HM_BIN/$tool" | awk '{ print $NF }' |
		sed 's/@.*//' | grep -xF "$(printf '%s\n' "$@")"
}

yes_if() {
	[ -n "$1" ] && echo yes || echo no
}

# "TOOL CONNECTS LISTENS WRITES", each yes or no, from the page ...
written() {
	grep '^| hm-' "$page" | awk -F ' *[|] *' 'NF == 6 {
		print $2, $3 == "" ? "no" : "yes", $4 == "" ? "no" : "yes",
		    $5 == "" ? "no" : "yes" }' | sort
}

# ... and from the functions that the tools are linked with. hm-poll makes its
# lock files with open() only.
linked() {
	local tool
	for tool in "$HM_BIN"/hm-*; do
		tool=${tool##*/}
		echo "$tool" \
			"$(yes_if "$(uses "$tool" connect mosquitto_connect_bind_v5)")" \
			"$(yes_if "$(uses "$tool" bind listen)")" \
			"$(yes_if "$(uses "$tool" sqlite3_open_v2 rename flock)")"
	done
}

same "docs/security.md has a row for each tool" \
	"$(written | cut -d ' ' -f 1)" \
	"$(find "$HM_BIN" -name 'hm-*' -printf '%f\n' | sort)"
same "each connects, listens and writes as it says" "$(written)" "$(linked)"
same "none but hm-ship starts another program" "$(for tool in "$HM_BIN"/hm-*; do
	[ "${tool##*/}" = hm-ship ] ||
		uses "${tool##*/}" system popen fork vfork posix_spawnp execve \
			execvp execl execlp dlopen
done)" ""
same "... except itself" "$(grep -rohE --include='*.c' \
	'\b(posix_spawn|execv)\([^,;]*, [^,;]*' "$root"/lib "$root"/tools)" \
	'posix_spawn(pid, SELF
execv(SELF, words)'
check "... as /proc/self/exe" \
	grep -q '^#define SELF "/proc/self/exe"' "$root/lib/stream/restart.c"
same "none is setuid" "$(find "$HM_BIN" -perm /6000)" ""

default() {
	"$HM_BIN/$1" --check | sed -n "s/^$2: \(.*\)  # default$/\1/p"
}
same "hm-metrics listens where it says" "$(grep -o \
	'^| hm-metrics | [0-9.]*, TCP [0-9]*' "$page")" \
	"| hm-metrics | $(default hm-metrics health_host), TCP $(default \
	hm-metrics health_port)"

# No password is shown anywhere.
echo 'very secret' >"$work/password"
port=$(free_port)
mkfifo "$work/in"
exec 7<>"$work/in"
MQTT_PASSWORD='very secret' LOG_LEVEL=DEBUG hm-publish --mqtt-broker 127.0.0.1 \
	--mqtt-port "$port" --mqtt-user solar --stats-period 0 <"$work/in" \
	>"$work/out" 2>"$work/err" 7>&- &
pids+=($!)
says_why() {
	grep -q 'no connection' "$work/err"
}
check "a tool with a password logs" until_true 5 says_why
same "... without the password" \
	"$(cat "$work/out" "$work/err" | grep -c 'very secret')" 0
same "... and ps does not show it" "$(tr '\0' ' ' <"/proc/$!/cmdline" |
	grep -c 'very secret')" 0
same "nor does --check" "$(MQTT_PASSWORD='very secret' hm-publish \
	--mqtt-broker x --check | grep -c 'very secret')" 0
same "nor the error about --mqtt-password=..." "$(hm-publish --mqtt-broker x \
	--mqtt-password='very secret' 2>&1 | grep -c 'very secret')" 0
same "... which is not a short form of another option" \
	"$(hm-publish --mqtt-broker x \
	--mqtt-password 'very secret' 2>&1)" \
	"hm-publish: error: there is no option for mqtt_password: set MQTT_PASSWORD, or mqtt_password in the file"
finish
