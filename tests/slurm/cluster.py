"""A SLURM of one node on this machine, for a test: configured, started, waited for, stopped.

Where in the flow: tests/slurm/run.py runs the pipeline on it. Needs root and Debian's slurm-wlm and
munge, and writes /etc/slurm/slurm.conf and gres.conf, where steps look that were started without
SLURM_CONF; where such files are already there, a cluster is configured, and nothing is touched.
Works without systemd and without cgroups: processes are followed by their parents
(proctrack/linuxproc) and not bound to cores (task/none). Nodes believe what the file says of their
memory and GPUs (config_overrides), so a GPU here is an empty file.
"""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ETC = Path("/etc/slurm")
CONFIG = """\
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=root
SlurmdUser=root
# a requeued job may start after these seconds instead of after two minutes
AuthInfo=socket={folder}/munge/socket,cred_expire=5
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# seconds: jobs asked for by squeue after their end; between SIGTERM and SIGKILL
MinJobAge=600
KillWait=5
GresTypes=gpu
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=64000 Gres=gpu:{gpus} State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def cluster(folder: Path, *, cpus: int = 2, gpus: int = 2) -> Iterator[None]:
    """A node with `cpus` CPUs and `gpus` pretended GPUs; all its files but two are in `folder`.

    Raises FileExistsError where the machine has a configured SLURM, TimeoutError where the node
    does not come up (its logs are then in `folder`).
    """
    configs = {"slurm.conf": CONFIG.format(folder=folder, cpus=cpus, gpus=gpus)}
    configs["gres.conf"] = f"NodeName=localhost Name=gpu File={folder}/gpu[0-{gpus - 1}]\n"
    for name in configs:
        if (ETC / name).exists():
            raise FileExistsError(f"{ETC / name} is there: this machine has a SLURM of its own")
    for name in ("spool", "state", "munge"):
        (folder / name).mkdir(parents=True)
    for number in range(gpus):
        (folder / f"gpu{number}").touch()
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        for name, text in configs.items():
            (ETC / name).write_text(text)
        _start(folder, daemons)
        yield
    finally:
        _end(daemons)
        for name in configs:
            (ETC / name).unlink(missing_ok=True)


def _start(folder: Path, daemons: list[subprocess.Popen[bytes]]) -> None:
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(1024))
    socket = folder / "munge/socket"
    munged: list[str | Path] = ["munged", "--foreground", "--force"]
    munged += ["--key-file", key, "--socket", socket]
    for file in ("pid", "log", "seed"):
        munged += [f"--{file}-file", folder / f"munged.{file}"]

    def daemon(*command: str | Path) -> None:
        with (folder / f"{command[0]}.out").open("wb") as output:
            # a session of its own: Ctrl-C ends the test, which then ends them
            started = subprocess.Popen(
                list(map(str, command)), stdout=output, stderr=output, start_new_session=True
            )
        daemons.append(started)

    daemon(*munged)
    wait_for(socket.exists, what="munged")
    daemon("slurmctld", "-D")
    wait_for(lambda: said("scontrol", "ping").strip().endswith("UP"), what="slurmctld")
    daemon("slurmd", "-D", "-N", "localhost")
    wait_for(lambda: said("sinfo", "-h", "-o", "%T").strip() == "idle", what="slurmd's node")


def _end(daemons: list[subprocess.Popen[bytes]]) -> None:
    if daemons:
        said("scancel", "--user", "root")
        with suppress(TimeoutError):
            wait_for(lambda: not said("squeue", "--noheader"), what="the end of jobs", seconds=30)
    for daemon in reversed(daemons):
        daemon.terminate()
        daemon.wait(timeout=60)


def said(*command: str) -> str:
    """What a command prints; "" where it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout if done.returncode == 0 else ""


def wait_for(is_so: Callable[[], bool], *, what: str, seconds: float = 60) -> None:
    """Returns once `is_so()`; raises TimeoutError, naming `what`, where that takes too long."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not there after {seconds:g} s")
        time.sleep(0.2)


def missing_programs() -> list[str]:
    """Programs of SLURM and munge that are not installed."""
    names = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "sinfo")
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [n for n in names if not any((Path(f) / n).is_file() for f in folders)]


def install() -> None:
    """SLURM and munge from Debian's packages, where they are not there; needs root."""
    if not missing_programs():
        return
    if os.geteuid() != 0:
        sys.exit("error: SLURM is not installed; as root this script installs it by apt-get")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    packages = ("slurm-wlm", "munge")
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
    subprocess.run(command, env=environment, check=True)
