#!/bin/bash
# Puts llama.cpp's server beside the Postgres that install-postgres.sh has laid out: the same minimal Debian forky,
# which packages it.
#
# usage: install-llama.sh DIR        as root; DIR as given to install-postgres.sh
set -euo pipefail
dir=$1
[ -e "$dir/.installed" ] || { echo "There is no Debian in $dir: start Postgres first (npm run services)." >&2; exit 1; }
[ -x "$dir/usr/bin/llama-server" ] && exit 0
if [ -z "${MIDPLANE_INSTALL_INNER:-}" ]; then
  MIDPLANE_INSTALL_INNER=1 exec flock --close "$dir.lock" unshare --mount --propagation private bash "$0" "$@"
fi
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
mount -t proc proc "$dir/proc"
chroot "$dir" apt-get update -qq
chroot "$dir" apt-get install -y -qq --no-install-recommends llama.cpp-tools
chroot "$dir" apt-get clean
