#!/usr/bin/env bash
# Stands in for cargo (`CARGO=scripts/cargo-for-old-glibc.sh npx napi build …`) when the addon is
# built for a package: for GNU/Linux it is linked with zig against an old C library, so that it runs
# wherever Node does, whatever the builder's own is. Needs cargo-zigbuild and zig.
set -euo pipefail

# Older than what any Node that we support needs itself.
glibc=2.17

arguments=()
for argument in "$@"; do
  case $argument in
    build) arguments+=(zigbuild) ;;
    *-linux-gnu) arguments+=("$argument.$glibc") ;;
    *) arguments+=("$argument") ;;
  esac
done

# cargo-zigbuild calls cargo in its turn, and that must not be this.
unset CARGO
exec cargo "${arguments[@]}"
