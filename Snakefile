# One rule per resolved stage of dvc.yaml and of the sweeps; no commands of its own. DVC judges what is stale (pipeline/dag.py).
from snakemake.utils import min_version

from pipeline import dag

min_version("9.0")
shell.prefix("set -euo pipefail; ")

STAGES = dag.stages()
if workflow.is_main_process:
    dag.record(STAGES)  # what an interrupted run had finished
    dag.settle(STAGES)
    dag.forget_interruptions()


rule all:
    input:
        [product for stage in STAGES if stage.file == "dvc.yaml" for product in stage.products],


for stage in STAGES:
    for part in stage.parts:

        rule:
            name:
                f"{stage.rule}_part_{part}"
            input:
                dag.inputs(stage, STAGES),
            output:
                temp(touch(str(dag.part_mark(stage, part)))),
            params:
                command=dag.part_command(stage, part),
            threads: stage.meta.get("threads", 1)
            resources:
                gpu=stage.meta.get("gpu", 0),
                mem_mb=stage.meta.get("mem_mb", 1000),
            shell:
                "{params.command}"

    rule:
        name:
            stage.rule
        input:
            dag.inputs(stage, STAGES),
            [str(dag.part_mark(stage, part)) for part in stage.parts],
        output:
            stage.products,
        params:
            command=stage.command,
            mark=dag.mark(stage),
            definition=dag.definition(stage, STAGES),
        threads: stage.meta.get("threads", 1)
        resources:
            gpu=stage.meta.get("gpu", 0),
            mem_mb=stage.meta.get("mem_mb", 1000),
        shell:
            "{params.command} && mkdir -p $(dirname {params.mark}) && echo {params.definition} > {params.mark}"


onsuccess:
    dag.record(dag.stages())  # as params.yaml and the code are now: what was edited meanwhile is not recorded


onerror:
    dag.record(dag.stages())
