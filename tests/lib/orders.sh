# Sourced after lib.sh by tests of commands: one command for one hm-poll, which
# ends with it. The URI of each DTU is in ${uri[NAME]}.
# shellcheck shell=bash disable=SC2034,SC2154

declare -A uri
orders=() # the processes in the background
order_options=() # of every hm-poll

# order NAME DTU MEMBERS [OPTION ...]: in the background, one command and the
# records and the exit status of the hm-poll that carries it out.
order() {
	local name=$1
	{
		printf '{"type":"command",%s}\n' "$3" |
			hm-poll -1 --control --stats-period 0 --retries 1 \
				--control-journal "$work/$name.journal" \
				"${order_options[@]}" "${@:4}" "${uri[$2]}" \
				>"$work/$name" 2>"$work/$name.err"
		echo "${PIPESTATUS[1]}" >"$work/$name.status"
	} &
	orders+=($!)
	pids+=($!)
}

# states NAME: the results of an order, its error, and the exit status.
states() {
	jq -r 'select(.type == "result") | .state + (if .error then ":" + .error
		else "" end)' "$work/$1" | tr '\n' ' '
	cat "$work/$1.status"
}
