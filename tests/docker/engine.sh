#!/bin/sh
# For tests on Debian or Ubuntu as root: a Docker Engine, installed and started where none answers.
set -eu
missing=
command -v mmdebstrap >/dev/null || missing="mmdebstrap"
command -v docker-registry >/dev/null || missing="$missing docker-registry"
docker info >/dev/null 2>&1 || command -v dockerd >/dev/null || missing="$missing docker.io"
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "not installed:$missing, and only root on Debian or Ubuntu can do so here: the tests that need them are skipped" >&2
        exit 0
    fi
    echo "installing $missing" >&2
    # shellcheck disable=SC2086
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing; } >/dev/null; then
        echo "they cannot be installed: the tests that need them are skipped" >&2
        exit 0
    fi
fi
docker info >/dev/null 2>&1 && exit 0
if [ "$(id -u)" != 0 ]; then
    echo "no Docker Engine answers, and only root can start one: the tests that need it are skipped" >&2
    exit 0
fi
echo "starting dockerd" >&2
log=$(mktemp)
setsid dockerd >"$log" 2>&1 </dev/null &
for _ in $(seq 150); do
    docker info >/dev/null 2>&1 && exit 0
    sleep 0.2
done
echo "dockerd does not answer: the tests that need it are skipped; its last words:" >&2
tail -n 20 "$log" >&2
