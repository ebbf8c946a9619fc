"""What profiles/slurm finds out about the cluster before Snakemake starts."""

import re
import subprocess
import sys
from importlib.util import find_spec

PLUGIN = "snakemake_executor_plugin_slurm"
LONGEST = 180  # seconds between two of the plugin's questions what has become of its jobs


def executor() -> str:
    """The plugin's name for Snakemake. Ends the process, with a line, where the plugin is not installed."""
    if find_spec(PLUGIN) is None:
        sys.exit(f"profiles/slurm: {PLUGIN} is not installed in this environment; pip install '.[pipeline,slurm]'")
    return "slurm"


def status_command() -> str:
    """What is asked whether a job has ended: sacct where the cluster keeps accounts, else squeue, as long as that
    remembers.

    Ends the process, with a line, where neither could tell: the plugin would wait for ever.
    """
    try:
        if subprocess.run(["sacct", "--noheader", "--allocations"], capture_output=True, check=False).returncode == 0:
            return "sacct"
        said = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        sys.exit(
            f"profiles/slurm: no command {error.filename} on this machine; "
            "start Snakemake on a login node of the cluster"
        )
    if said.returncode:
        sys.exit(f"profiles/slurm: the cluster does not answer: {' '.join((said.stdout + said.stderr).split())}")
    found = re.search(r"^MinJobAge\s*=\s*(\d+)", said.stdout, re.MULTILINE)
    if found is None:
        sys.exit(
            "profiles/slurm: this cluster keeps no accounts (sacct), and `scontrol show config` names no MinJobAge"
        )
    remembered = int(found[1])
    if remembered <= LONGEST:
        sys.exit(
            f"profiles/slurm: this cluster keeps no accounts (sacct), and squeue forgets a job "
            f"{remembered} s after its end (MinJobAge), so that nobody could tell how it ended; "
            f"ask for more than {LONGEST}"
        )
    return "squeue"
