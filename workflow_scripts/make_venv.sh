#!/bin/sh
# Make the virtual environment FOLDER with a Python that the locks are for. One that is there stays.
#   make_venv.sh FOLDER [PYTHON]    PYTHON: else the newest supported one on PATH, else one of uv
set -eu

folder=$1 named=${2-} uv=${UV-}
CANDIDATES="python3.13 python3.12 python3.11 python3"

version() { # "3.12" of a Python, nothing of what does not run, such as a shim of pyenv
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

fits() {
    case $(version "$1") in 3.11 | 3.12 | 3.13) ;; *) return 1 ;; esac
}

has_pip() { # Debian's and Ubuntu's Python comes without
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

makes_venvs() { # uv fills an environment that has no pip
    has_pip "$1" || { [ -n "$uv" ] && "$1" -c 'import venv' 2>/dev/null; }
}

advice() { # advice VERSION: how this system installs it, "" for any that fits
    like=$(. "${OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${ID-} ${ID_LIKE-}") || like=
    case " $like " in
    *" debian "* | *" ubuntu "*) echo "sudo apt install python${1:-3}-venv, " ;;
    *" fedora "* | *" rhel "*) echo "sudo dnf install python${1:-3.12}, " ;;
    *" suse "* | *" opensuse "*) echo "sudo zypper install python$(echo "${1:-3.11}" | tr -d .), " ;;
    esac
}

fail() { # fail FOUND VERSION
    without_root="uv python install 3.13, pyenv install 3.13, or conda create -n python3.13 python=3.13"
    echo "expected Python 3.11, 3.12 or 3.13 that can make virtual environments, found $1:" \
        "$(advice "$2")or without root: $without_root; then name it, as in" \
        "make PYTHON=/path/to/python3.13" >&2
    exit 1
}

search() {
    lacking=
    for candidate in $CANDIDATES; do
        fits "$candidate" || continue
        if makes_venvs "$candidate"; then
            command -v "$candidate"
            return
        fi
        lacking=${lacking:-$candidate}
    done
    if [ -n "$uv" ] && "$uv" python find --quiet --system --no-python-downloads \
        '>=3.11,<3.14' 2>/dev/null; then
        return
    fi
    [ -z "$lacking" ] || fail "$lacking without the module ensurepip" "$(version "$lacking")"
    found=$(version python3) || fail "no Python that runs" ""
    fail "only Python $found" ""
}

check() {
    found=$(version "$1") || fail "that $1 does not run" ""
    fits "$1" || fail "Python $found in $1 (the pinned antspyx, immutables and scipy have wheels for those only)" ""
    makes_venvs "$1" || fail "$1 without the module ensurepip" "$found"
    echo "$1"
}

[ -n "$named" ] || ! fits "$folder/bin/python" || exit 0
if [ -n "$named" ]; then python=$(check "$named"); else python=$(search); fi
[ "$(version "$folder/bin/python")" != "$(version "$python")" ] || exit 0

clear= pip=
[ ! -f "$folder/pyvenv.cfg" ] || clear=--clear # never a folder that is no environment
has_pip "$python" || pip=--without-pip
# shellcheck disable=SC2086 # one option or none
"$python" -m venv $clear $pip "$folder"
