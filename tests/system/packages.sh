#!/bin/bash
# .ci/packages, with stand-ins for dpkg, dpkg-query and apt-get.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
packages=$(cd "$(dirname "$0")/../.." && pwd)/.ci/packages

# Of this machine's architecture, "here", only the package "there" is installed,
# of "else" only "far". apt-get prints nothing with -qq; the
# stand-in fails for the verbs in APT_FAILS.
mkdir "$work/bin"
cat >"$work/bin/dpkg-query" <<'END'
#!/bin/sh
for package; do :; done
case $package in
there) echo "installed here" ;;
far | far:else) echo "installed else" ;;
data) echo "installed all" ;;
esac
END
cat >"$work/bin/dpkg" <<'END'
#!/bin/sh
case $1 in
--print-architecture) echo here ;;
*) echo "$*" >>"$APT_LOG" ;;
esac
END
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
echo "$*" >>"$APT_LOG"
case " $APT_FAILS " in *" $1 "*) exit 100 ;; esac
END
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
chmod +x "$work/bin"/*

# install FAILS PACKAGE ...: prints the status, and what apt-get had to do.
install_with() {
	: >"$work/apt"
	APT_LOG=$work/apt APT_FAILS=$1 PATH=$work/bin:$PATH \
		"$packages" "${@:2}" 2>"$work/err"
	echo "$? $(sed 's/ -[^ ]*//g; s/ Dpkg::[^ ]*//
		s/^--add-architecture //' "$work/apt" | xargs)"
}

same "nothing is missing: apt-get is not run" \
	"$(install_with "" there)" "0 "
same "what is missing is installed" \
	"$(install_with "" there new other)" "0 update install new other"
same "... nor for packages of another or of every architecture" \
	"$(install_with "" far:else data)" "0 "
same "a package of another architecture is not one of this" \
	"$(install_with "" far)" "0 update install far"
same "... and the other way round" "$(install_with "" there:else new:more)" \
	"0 else more update install there:else new:more"
same "what is missing is installed, also when a source of apt fails" \
	"$(install_with update new)" "0 update install new"
check "... which is said" grep -q 'update failed' "$work/err"
same "a package that cannot be had fails" \
	"$(install_with install new)" "1 update install new"
same "... with its name" "$(tail -n 1 "$work/err")" \
	"apt-get cannot install: new"
same "... also when a source of apt fails" \
	"$(install_with "update install" new)" "1 update install new"
same "... which is said" "$(tail -n 1 "$work/err")" \
	"apt-get cannot install: new (apt-get update failed before)"
finish
