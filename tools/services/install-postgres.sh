#!/bin/bash
# Puts Postgres 18 with pgvector and pg_textsearch into a folder of its own, for development and tests.
#
# Debian packages the three together from forky on; older releases of Debian and Ubuntu do not have them.
# So a minimal forky is laid out in DIR and the server is run inside it with chroot. Nothing of the machine's
# own system is changed, except that debootstrap is installed where it is missing.
#
# usage: install-postgres.sh DIR        as root, on Debian or Ubuntu
# MIDPLANE_DEBIAN_MIRROR names the mirror where the machine's own apt configuration has no Debian one.
set -euo pipefail

# Everything runs in a mount namespace of its own: an interrupted install leaves no mount behind. The lock
# makes a second caller wait and then find the work done; the kernel drops it when this process ends.
if [ -z "${MIDPLANE_INSTALL_INNER:-}" ]; then
  mkdir -p "$(dirname "$1")"
  MIDPLANE_INSTALL_INNER=1 exec flock --close "$1.lock" unshare --mount --propagation private bash "$0" "$@"
fi

dir=$1
[ -e "$dir/.installed" ] && exit 0
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# Address of the Debian mirror that this machine already uses, from deb822 or one-line apt sources.
find_mirror() {
  if [ -n "${MIDPLANE_DEBIAN_MIRROR:-}" ]; then
    echo "$MIDPLANE_DEBIAN_MIRROR"
    return
  fi
  cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null |
    grep -v '^[[:space:]]*#' | grep -oE '(https?|file|copy|mirror)(:|\+)[^][:space:]]+' |
    sed 's:/*$::' | grep -E '/debian$' | head -n 1
}

mirror=$(find_mirror) || true
if [ -z "$mirror" ]; then
  echo "The apt configuration of this machine names no Debian mirror: set MIDPLANE_DEBIAN_MIRROR to one." >&2
  exit 1
fi

if ! command -v debootstrap >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 debootstrap debian-archive-keyring
fi

partial="$dir.partial"
rm -rf --one-file-system "$partial"
# Releases of debootstrap older than forky do not know its name; it is laid out like unstable.
debootstrap --variant=minbase forky "$partial" "$mirror" /usr/share/debootstrap/scripts/sid

# The packages' configuration needs /proc, must not start a service, and need not make a first cluster.
mount -t proc proc "$partial/proc"
printf '#!/bin/sh\nexit 101\n' >"$partial/usr/sbin/policy-rc.d"
chmod +x "$partial/usr/sbin/policy-rc.d"
mkdir -p "$partial/etc/postgresql-common/createcluster.d"
echo 'create_main_cluster = false' >"$partial/etc/postgresql-common/createcluster.d/midplane.conf"
# A proxy, or a mirror that is a snapshot and whose dates are in the past, is set up in the machine's own apt.
apt-config dump | grep -E '^Acquire::(Check-|https?::)' >"$partial/etc/apt/apt.conf.d/99-as-the-machine" || true
chroot "$partial" apt-get update -qq
chroot "$partial" apt-get install -y -qq --no-install-recommends \
  postgresql-18 postgresql-18-pgvector postgresql-18-pg-textsearch
chroot "$partial" apt-get clean
umount "$partial/proc"

touch "$partial/.installed"
rm -rf --one-file-system "$dir"
mv "$partial" "$dir"
