#!/usr/bin/env bash
# Installs the programs that the tests and benchmarks talk to: curl, python3, wrk, nginx, go, tinyproxy, microsocks,
# chromium, strace, valgrind, setpriv, sha256sum, unshare, ip, and httpbin and Twisted (PyPI) into target/peers.
# On Debian and its kin, as root or by sudo. Quiet, and done at once when all are there.
set -eu -o pipefail

# Each command, and the Debian package that brings it.
needed() {
    cat <<'TABLE'
curl       curl
python3    python3-venv
openssl    openssl
wrk        wrk
nginx      nginx
go         golang-go
tinyproxy  tinyproxy
microsocks microsocks
chromium   chromium
strace     strace
valgrind   valgrind
unshare    util-linux
ip         iproute2
setpriv    util-linux
sha256sum  coreutils
TABLE
}

# nginx and its like live where a plain user's PATH may not look.
PATH=$PATH:/usr/sbin:/sbin

missing() {
    needed | while read -r command package; do
        command -v "$command" >/dev/null || echo "$package"
    done
    # Debian has the half of `python3 -m venv` that brings pip in a package of its own.
    ! command -v python3 >/dev/null || python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
}

# Of PyPI, in a virtual environment: nothing of this machine's Python changes.
python_package() {
    local name=$1 version=$2 folder
    folder=$(cd "$(dirname "$0")/.." && pwd)/target/peers/$name
    if "$folder/bin/python" -c "import $name" 2>/dev/null; then
        return
    fi
    echo "tests/peers.sh: installing $name"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/python" -m pip --quiet --disable-pip-version-check install "$name $version"
}

python_packages() {
    python_package httpbin '>= 0.10'
    python_package twisted '>= 24.7'
}

packages=$(missing)
if [ -z "$packages" ]; then
    python_packages
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "tests/peers.sh: install these by hand, there is no apt-get here:" $packages >&2
    exit 1
fi

root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo --non-interactive -- "$@"
    else
        echo "tests/peers.sh: run it as root, or install by hand:" $packages >&2
        exit 1
    fi
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "tests/peers.sh: installing" $packages
# No service may start: the tests run these programs themselves, on ports of their own.
install() {
    root apt-get -o DPkg::Lock::Timeout=120 update
    root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends $packages
}
if ! install </dev/null >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "tests/peers.sh: apt-get could not install:" $packages >&2
    exit 1
fi
left=$(missing)
if [ -n "$left" ]; then
    echo "tests/peers.sh: installed, but no command came of:" $left >&2
    exit 1
fi
python_packages
