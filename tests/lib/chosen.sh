# shellcheck shell=bash
# chosen FOLDER SUFFIX [WORD ...]: the scripts of a folder whose names hold one of
# the words, or all without words.
chosen() {
	local script word folder=$1 suffix=$2
	shift 2
	for script in "$folder"/*"$suffix"; do
		for word in "${@:-}"; do
			case ${script##*/} in
			*"$word"*)
				echo "$script"
				break
				;;
			esac
		done
	done
}
