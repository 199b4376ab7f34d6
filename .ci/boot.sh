#!/usr/bin/env bash
# Boots systemd with the units of deploy/systemd alone, on a copy of the root that is gone afterwards: `.ci/boot.sh FOLDER DAGNOSIS LOGS`, in namespaces of
# its own (mount, PID, cgroup, network, and so on). FOLDER/out/log tells what systemd and the units did.

set -euo pipefail
folder="$1"
root="$folder/root"
mkdir -p "$folder"/{overlay,root,out}
mount -t tmpfs -o size=500m none "$folder/overlay"
mkdir "$folder"/overlay/{upper,work}
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/overlay/upper,workdir=$folder/overlay/work" "$root"
mkdir -p "$root"/{usr/local/bin,opt/airflow,out,old}
cp "$2" "$root/usr/local/bin/dagnosis"
rm -rf "$root"/etc/systemd/system/* "$root/opt/airflow/logs"
cp -r "$3" "$root/opt/airflow/logs"
cp deploy/systemd/dagnosis.* "$root/etc/systemd/system/"

cat > "$root/etc/systemd/system/try.service" << 'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/bash /try
StandardOutput=append:/out/log
StandardError=inherit
UNIT

# The journal does not come up in a namespace: what the unit prints goes into a file.
cat > "$root/try" << 'TRY'
settings() {
    mkdir -p /run/systemd/system/dagnosis.service.d
    printf '[Service]\nStandardOutput=append:/out/printed\n%s\n' "$1" > /run/systemd/system/dagnosis.service.d/try.conf
    systemctl daemon-reload
}
start() {
    : > /out/printed
    systemctl start dagnosis.service
    echo "$1: exit code $?, $(systemctl show -p ActiveState --value dagnosis), $(wc -l < /out/printed) lines"
}
settings ''
start "all is new"
start "nothing is new"
stat -c '%n %A' /var/lib/private/dagnosis/{report.html,state.sqlite}
systemctl start dagnosis.timer && systemctl list-timers --no-legend dagnosis.timer | grep -o dagnosis.service
rm -f /var/lib/private/dagnosis/state.sqlite*
settings 'SuccessExitStatus='
start "what is new counts as a failure"
settings 'Environment=LOGS=/nonexistent'
start "no logs"
echo "all was tried"
TRY

mount --bind "$folder/out" "$root/out"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
# Mounted anew, the control groups begin at the caller's own: systemd sees and changes none above, and none of another hierarchy.
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs none "$root/run"
mount -t tmpfs none "$root/tmp"
mount -t tmpfs none "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
touch "$root/dev/console"
mkdir "$root"/dev/{pts,shm,mqueue,hugepages}
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t mqueue none "$root/dev/mqueue"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"

cd "$root"
pivot_root . old
umount -l /old
exec env -i container=other PATH=/usr/bin:/bin:/usr/sbin:/sbin /lib/systemd/systemd --system --unit=try.service --show-status=0
