#!/bin/bash
# .ci/packages, with stand-ins for dpkg-query and apt-get.
# shellcheck source=tests/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
packages=$(cd "$(dirname "$0")/../.." && pwd)/.ci/packages

# Only the package "there" is installed. apt-get prints nothing with -qq; the
# stand-in fails for the verbs in APT_FAILS.
mkdir "$work/bin"
cat >"$work/bin/dpkg-query" <<'END'
#!/bin/sh
for package; do :; done
[ "$package" = there ] && echo installed
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
	echo "$? $(sed 's/ -[^ ]*//g; s/ Dpkg::[^ ]*//' "$work/apt" | xargs)"
}

same "nothing is missing: apt-get is not run" \
	"$(install_with "" there)" "0 "
same "what is missing is installed" \
	"$(install_with "" there new other)" "0 update install new other"
same "... also when a source of apt fails" \
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
