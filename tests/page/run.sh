#!/bin/bash
# run.sh [WORD ...]: run the scripts in checks/ whose names hold one of the
# words, or all, with a real Chromium.
# run.sh pictures DIRECTORY: make the pictures for the docs there.
#   HM_PAGE_MODULES  where axe-core of npm is kept (build/check-page/node_modules)
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=tests/lib/chosen.sh
. "$here/../lib/chosen.sh"
axe=4.14.1
modules=$root/build/check-page
export HM_PAGE_MODULES=$modules/node_modules

die() {
	echo "check-page: $*" >&2
	exit 1
}

needs_axe() {
	! grep -q "\"version\": \"$axe\"" \
		"$HM_PAGE_MODULES/axe-core/package.json" 2>/dev/null
}

command -v node >/dev/null || "$root/.ci/packages" nodejs npm || exit
if [ "${1-}" = pictures ]; then
	"$root/.ci/packages" pngquant || exit
	scripts=("$here/pictures.js")
elif needs_axe; then
	mkdir -p "$modules"
	npm install --prefix "$modules" --no-save --no-package-lock --no-audit \
		--no-fund --silent "axe-core@$axe" ||
		die "npm cannot install axe-core $axe into $modules"
fi
[ "${1-}" = pictures ] || mapfile -t scripts < <(chosen "$here/checks" .js "$@")
[ ${#scripts[@]} -gt 0 ] || die "no script in checks/ has a name with $*"
HM_PAGE_WORK=$(mktemp -d "${TMPDIR:-/tmp}/hm-page.XXXXXX") || exit
export HM_PAGE_WORK
trap 'rm -rf "$HM_PAGE_WORK"' EXIT
PATH=$HM_BIN:$PATH
hm-store -d "$HM_PAGE_WORK/empty.db" </dev/null >/dev/null || exit
status=0
for script in "${scripts[@]}"; do
	echo "# ${script##*/}"
	node "$script" "${@:2}" || status=1
done
exit "$status"
