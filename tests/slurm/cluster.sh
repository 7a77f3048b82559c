#!/usr/bin/env bash
# A real Slurm of one node with four pretended GPUs, for tests. Debian or Ubuntu, as root, without systemd.
#   cluster.sh install    the packages slurmctld, slurmd, slurm-client and munge
#   cluster.sh start      write /etc/slurm/slurm.conf and start the daemons; refuses a Slurm that is not ours
#   cluster.sh stop       stop what `start` started and take its configuration away
set -euo pipefail
STATE=${GLIOMA_UQ_SLURM:-/tmp/glioma-uq-slurm}
CONFIG=/etc/slurm
OURS="# glioma-uq: Slurm of one node for tests"

fail() { echo "cluster.sh: $*" >&2; exit 1; }
until_true() { for _ in $(seq 100); do "$@" &>/dev/null && return; sleep 0.2; done; return 1; }
runs() { [ -s "$STATE/$1.pid" ] && [ "$(cat "/proc/$(cat "$STATE/$1.pid")/comm" 2>/dev/null)" = "$1" ]; }
node_is_up() { sinfo --noheader --format=%T | grep -qE '^(idle|mixed|allocated)$'; }

install() {
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1   # packages must not start services of their own
  apt-get update -qq
  apt-get install -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
}

configure() {
  local megabytes
  megabytes=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
  # Under /etc, since the job steps of Snakemake's plugin drop SLURM_CONF. No cgroups and no accounting:
  # memory is watched by polling, squeue remembers ended jobs for an hour. The node claims more
  # processors than it may have (config_overrides), or the profile's jobs of four would never start.
  cat >"$CONFIG/slurm.conf" <<CONF
$OURS
ClusterName=glioma-uq
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
CredType=cred/munge
SlurmUser=root
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SlurmdParameters=config_overrides
ReturnToService=2
StateSaveLocation=$STATE/controller
SlurmdSpoolDir=$STATE/node
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd.pid
SlurmctldLogFile=$STATE/slurmctld.log
SlurmdLogFile=$STATE/slurmd.log
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=200
MinJobAge=3600
KillWait=2
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
AccountingStorageType=accounting_storage/none
GresTypes=gpu
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=${GLIOMA_UQ_SLURM_CPUS:-8} RealMemory=$megabytes Gres=gpu:4
PartitionName=cpu Nodes=ALL Default=YES MaxTime=7-0 State=UP
PartitionName=gpu Nodes=ALL MaxTime=7-0 State=UP
CONF
  touch "$STATE"/gpu{0..3}
  echo "NodeName=$(hostname -s) Name=gpu File=$STATE/gpu[0-3]" >"$CONFIG/gres.conf"
  echo "CgroupMountpoint=/sys/fs/cgroup" >"$CONFIG/cgroup.conf"
}

start_munge() {
  [ -s /etc/munge/munge.key ] || (umask 077 && head -c 128 /dev/urandom >/etc/munge/munge.key)
  mkdir -p /run/munge /var/log/munge /var/lib/munge
  chown -R munge:munge /etc/munge /run/munge /var/log/munge /var/lib/munge
  chmod 755 /run/munge
  munge -n &>/dev/null && return
  setpriv --reuid munge --regid munge --clear-groups munged
  until_true munge -n || fail "munged did not start: see /var/log/munge"
  cp /run/munge/munged.pid "$STATE/munged.pid"
}

start() {
  [ "$(id -u)" = 0 ] || fail "expected root, found $(id -un): Slurm's daemons start jobs as other users"
  command -v slurmctld slurmd munged >/dev/null || fail "expected Slurm's daemons, found none: run '$0 install'"
  if [ -s "$CONFIG/slurm.conf" ] && ! grep -qF "$OURS" "$CONFIG/slurm.conf"; then
    fail "expected no Slurm of your own, found $CONFIG/slurm.conf: use another machine"
  fi
  mkdir -p "$STATE"/{controller,node} "$CONFIG"
  runs slurmctld || configure
  start_munge
  runs slurmctld || slurmctld -c
  until_true scontrol ping || fail "slurmctld did not start: see $STATE/slurmctld.log"
  runs slurmd || slurmd
  until_true node_is_up || scontrol update NodeName="$(hostname -s)" State=RESUME
  until_true node_is_up || fail "the node did not come up: see $STATE/slurmd.log"
  echo "Slurm is up: $(sinfo --noheader --format='%P %c CPUs, %m MB, %G' | paste -sd';')"
}

stop() {
  if runs slurmctld; then
    scancel --user="$(id -un)" || true
    until_true eval '[ -z "$(squeue --noheader)" ]' || fail "jobs did not end: see squeue"
  fi
  for daemon in slurmd slurmctld munged; do
    if runs "$daemon"; then kill "$(cat "$STATE/$daemon.pid")"; fi
    until_true eval "! runs $daemon" || fail "$daemon did not stop"
  done
  if grep -qsF "$OURS" "$CONFIG/slurm.conf"; then rm -f "$CONFIG"/{slurm,gres,cgroup}.conf; fi
  rm -rf "$STATE"
}

case "${1:-}" in
  install | start | stop) "$1" ;;
  *) fail "expected install, start or stop, found '${1:-nothing}'" ;;
esac
