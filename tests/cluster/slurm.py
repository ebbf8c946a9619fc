"""A Slurm of one node, below one folder, for a test: its own munge, key, ports, configuration and, where asked,
accounting.

Outside the folder there is one link for as long as it runs, where Slurm's commands look for their configuration
(SLURM_CONF is not passed on to the steps of jobs by Snakemake's plugin). Its daemons end with the context. GPUs are
pretended: their devices are those of /dev/null.
"""

import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

CONFIGURATION = Path("/etc/slurm/slurm.conf")
DAEMONS = ("munged", "slurmctld", "slurmd")
ACCOUNTING = ("slurmdbd", "mariadbd", "mariadb-install-db")
PATIENCE = 60  # seconds for a daemon to answer

SLURM = """
ClusterName=test
SlurmctldHost={host}
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
MinJobAge={min_job_age}
JobAcctGatherType=jobacct_gather/none
KillWait=5
{accounting}
GresTypes=gpu
NodeName={host} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=64000 {node} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
DATABASE = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdPort={port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={storage}
StorageUser=root
StorageLoc=slurm
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
"""


def missing(accounting: bool = False) -> list[str]:
    """Programs that are not installed here."""
    return [name for name in (*DAEMONS, *(ACCOUNTING if accounting else ())) if not shutil.which(name, path=_path())]


@contextmanager
def cluster(
    folder: Path, *, gpus: int = 0, accounting: bool = False, min_job_age: int = 300, cpus: int = 8
) -> Iterator[None]:
    """Run it. Raises FileExistsError where this machine has a Slurm.

    Args:
        folder: of configuration, state and logs; made here, root's own.
        accounting: with slurmdbd, on a MariaDB of its own.
        min_job_age: seconds for which squeue knows a job that has ended.
    """
    folder.mkdir(mode=0o755)
    # beside which are gres.conf and slurmdbd.conf
    environment = {**os.environ, "PATH": _path(), "SLURM_CONF": f"{folder}/slurm.conf"}
    with ExitStack() as daemons:
        CONFIGURATION.symlink_to(folder / "slurm.conf")
        daemons.callback(CONFIGURATION.unlink)

        def start(*command: str) -> None:
            daemons.enter_context(_running(command, environment, folder))

        _munge(folder, start)
        ports = {} if not accounting else _database(folder, start)
        _configure(folder, gpus=gpus, min_job_age=min_job_age, cpus=cpus, **ports)
        if accounting:
            start("slurmdbd", "-D")
            _until(lambda: _answers(["sacctmgr", "-n", "list", "cluster"], environment), "slurmdbd")
            subprocess.run(
                ["sacctmgr", "-i", "add", "cluster", "test"], env=environment, check=True, capture_output=True
            )
            add = (
                ["sacctmgr", "-i", "add", "account", "group"],
                ["sacctmgr", "-i", "add", "user", "root", "account=group"],
            )
            for command in add:
                subprocess.run(command, env=environment, check=True, capture_output=True)
        start("slurmctld", "-D", "-i")
        start("slurmd", "-D")
        _until(lambda: "idle" in _said(["sinfo", "-h", "-o", "%T"], environment), "the node")
        try:
            yield
        finally:
            subprocess.run(["scancel", "--full", "--user", "root"], env=environment, check=False)
            _until(lambda: not _said(["squeue", "-h", "-o", "%i"], environment), "the end of the jobs")


def _path() -> str:
    return os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))


def _munge(folder: Path, start: Callable[..., None]) -> None:
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    places = [
        f"--{name}={folder}/munge.{end}"
        for name, end in (("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"))
    ]
    start("munged", "--foreground", "--force", f"--key-file={key}", f"--seed-file={folder}/munge.seed", *places)
    _until((folder / "munge.socket").exists, "munged")


def _database(folder: Path, start: Callable[..., None]) -> dict[str, int]:
    """MariaDB for slurmdbd, which takes no password from it; the ports of both."""
    data, port, storage = folder / "database", _free_port(), _free_port()
    subprocess.run(["mariadb-install-db", "--user=root", f"--datadir={data}"], check=True, capture_output=True)
    own = [f"--datadir={data}", f"--socket={folder}/database.socket", f"--pid-file={folder}/database.pid"]
    start(
        "mariadbd",
        "--no-defaults",
        "--user=root",
        *own,
        f"--port={storage}",
        "--bind-address=127.0.0.1",
        "--skip-grant-tables",
    )
    _until(lambda: _listens(storage), "mariadbd")
    configuration = folder / "slurmdbd.conf"
    configuration.write_text(DATABASE.format(folder=folder, port=port, storage=storage))
    configuration.chmod(0o600)
    return {"database": port}


def _configure(folder: Path, *, gpus: int, min_job_age: int, cpus: int, database: int = 0) -> None:
    storage = f"""AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={database}
AccountingStoragePass={folder}/munge.socket"""
    values = {
        "host": socket.gethostname().split(".")[0],
        "controller": _free_port(),
        "daemon": _free_port(),
        "accounting": storage if database else "",
        "node": f"Gres=gpu:{gpus}" if gpus else "",
    }
    text = SLURM.format(folder=folder, min_job_age=min_job_age, cpus=cpus, **values)
    (folder / "slurm.conf").write_text(text)
    for number in range(gpus):
        os.mknod(folder / f"gpu{number}", 0o666 | stat.S_IFCHR, os.stat("/dev/null").st_rdev)
    (folder / "gres.conf").write_text("".join(f"Name=gpu File={folder}/gpu{number}\n" for number in range(gpus)))
    for name in ("state", "spool"):
        (folder / name).mkdir()


@contextmanager
def _running(command: Sequence[str], environment: dict[str, str], folder: Path) -> Iterator[None]:
    """A daemon in the foreground; stopped, in the end by force."""
    with (folder / f"{command[0]}.said").open("w") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _said(command: Sequence[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def _answers(command: Sequence[str], environment: dict[str, str]) -> bool:
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def _until(ready: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {PATIENCE} s; see the logs in the cluster's folder")
        time.sleep(0.2)
