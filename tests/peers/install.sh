# Sourced by the tests with other people's programs, which come from PyPI.
# shellcheck shell=bash disable=SC2034

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
pythons=${PYTHONS:-$root/build/peers}

# install_peer VERSION: sets `python` and `version`.
install_peer() {
	local place=$pythons/$1 words=(hoymiles-wifi pymodbus)
	[ "$1" = newest ] || words[0]+="==$1"
	if ! { python3 -m venv "$place" && "$place/bin/pip" install -q --upgrade \
		--disable-pip-version-check "${words[@]}"; }; then
		echo "not ok - ${words[*]} can be installed"
		exit 1
	fi
	python=$place/bin/python
	version=$(installed hoymiles-wifi)
}

installed() {
	"$python" -c "import importlib.metadata as m; print(m.version('$1'))"
}
