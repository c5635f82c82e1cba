#!/bin/sh
# Runs a test of the engine under the thread sanitizer, by default the one with the most threads:
#
#   scripts/thread-sanitizer.sh [name of an integration test]
#
# The standard library is built with the sanitizer too (`rustup component add rust-src` brings its
# source): otherwise the sanitizer sees only half of it, and every drop of an `Arc` looks like a race.
# Both are unstable options, which RUSTC_BOOTSTRAP lets a stable compiler take.
set -eu
cd "$(dirname "$0")/.."
target="$(rustc -vV | sed -n 's/^host: //p')"
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=thread"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/thread-sanitizer"
export TSAN_OPTIONS="halt_on_error=1 ${TSAN_OPTIONS:-}"
exec cargo test -Zbuild-std -p sigil-leveldb --target "$target" --test "${1:-concurrency}"
