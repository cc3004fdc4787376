#!/bin/bash
# The password for the broker in core dumps and in /proc: a tool that has it
# leaves no core dump, and only root reads its environment and memory.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
unset HM_CONFIG MQTT_PASSWORD MQTT_PASSWORD_FILE
secret=very-secret-word
printf '%s\n' "$secret" >"$work/password"
printf 'mqtt_password: %s\n' "$secret" >"$work/password.yaml"
echo 'mqtt_qos: 1' >"$work/plain.yaml"
chmod 755 "$work"
chmod 644 "$work"/*

# Another user than root, who may read the tools.
user=()
if [ "$(id -u)" -eq 0 ]; then
	user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	mkdir "$work/bin"
	cp "$HM_BIN"/hm-{decode,poll,publish} "$work/bin"
	PATH=$work/bin:$PATH
fi

# has_started TIMES: whether the tool has read its settings this many times.
has_started() {
	[ "$(grep -c 'starts, with' "$work/err")" = "$1" ]
}

# start WORD ...: run a tool, after variables, in an empty directory, and wait
# until it has read its settings.
start() {
	rm -rf "$work/here" "$work/in" "$work/err"
	mkdir -m 777 "$work/here"
	mkfifo -m 666 "$work/in"
	exec 7<>"$work/in"
	(
		cd "$work/here" && ulimit -c unlimited 2>/dev/null
		exec "${user[@]}" env LOG_LEVEL=INFO "$@" <"$work/in" \
			>"$work/out" 2>"$work/err" 7>&-
	) &
	tool=$!
	pids+=("$tool")
	until_true 5 has_started 1
}

# Whether the user of the tool may read what /proc has of it.
is_readable() {
	"${user[@]}" cat "/proc/$tool/environ" >/dev/null 2>&1
}

# Crash the tool; $found is the name of the core dump that it leaves.
crash() {
	kill -SEGV "$tool"
	{ wait "$tool"; } 2>/dev/null
	exec 7>&-
	found=$(cd "$work/here" && echo core*)
}

guarded() {
	local name=$1
	shift
	start "$@"
	if [ ${#user[@]} -gt 0 ] || [ "$(id -u)" -ne 0 ]; then
		check "$name: /proc shows it to nobody but root" \
			eval '! is_readable'
	fi
	crash
	same "... and there is no core dump" "$found" 'core*'
}

# The comparison: a tool without the password. Core dumps need a limit that
# allows them, a plain file as core_pattern, and a build without ASan.
start MQTT_PASSWORD_FILE="$work/password" hm-decode -c "$work/plain.yaml"
check "a tool without the password: its user reads /proc" is_readable
crash
if [ "$found" = 'core*' ]; then
	echo "# no core dumps here: none can be looked into"
else
	same "... and its core dump is without it" \
		"$(cd "$work/here" && grep -c "$secret" "$found")" 0
fi

broker=(hm-publish -b 127.0.0.1 --mqtt-port "$(free_port)" --mqtt-user solar)
guarded "hm-publish, MQTT_PASSWORD" MQTT_PASSWORD=$secret "${broker[@]}"
guarded "hm-publish, a password file" MQTT_PASSWORD_FILE="$work/password" \
	"${broker[@]}"
guarded "hm-publish, a settings file" "${broker[@]}" -c "$work/password.yaml"
guarded "hm-decode, MQTT_PASSWORD" MQTT_PASSWORD=$secret hm-decode
guarded "hm-decode, a settings file" hm-decode -c "$work/password.yaml"
guarded "hm-poll, MQTT_PASSWORD" MQTT_PASSWORD=$secret hm-poll \
	"hm://127.0.0.1:$(free_port)"

# Its user finds it all the same as the holder of the lock of its service.
cp "$(dirname "$0")/../../s6/service/one-at-a-time" "$work"
holder() {
	# shellcheck disable=SC2016 # the inner shell is to expand it
	"${user[@]}" sh -c '. "$1"; lock_holder "$2"' sh \
		"$work/one-at-a-time" "$work/lock"
}
exec 8<>"$work/lock"
chmod 666 "$work/lock"
flock 8
start MQTT_PASSWORD=$secret hm-decode
exec 8>&-
echo "$tool" >"$work/lock"
same "a tool with the password is found by its lock" "$(holder)" "$tool"
crash
same "... and not when it has ended" "$(holder)" ""

start MQTT_PASSWORD=$secret HM_DURABLE=1 hm-decode
echo '{"type":"x"}' >&7
until_true 5 grep -q '"x"' "$work/out"
kill -HUP "$tool"
check "a restart at SIGHUP" until_true 10 has_started 2
crash
same "... forbids it again" "$found" 'core*'
finish
