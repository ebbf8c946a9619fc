# One rule per resolved stage of dvc.yaml and of the sweeps; no commands of its own. DVC judges what is stale (pipeline/orchestration).
import re
import sys

from snakemake.utils import min_version

from pipeline.orchestration import dag, handover

min_version("9.0")
shell.prefix("set -euo pipefail; ")

DRY = any(re.fullmatch(r"-n\w*|--dry-?run", word) for word in sys.argv)
STAGES = handover.ready(DRY, asked=sys.argv[1:]) if workflow.is_main_process else dag.stages()
RENEWED = handover.renewed(STAGES)
PROFILE = workflow.resource_settings  # its set-threads and set-resources may name a whole stage, as in dvc.yaml


def threads(stage):
    set_for = PROFILE.overwrite_threads.get(stage.group)
    return stage.meta.get("threads", 1) if set_for is None else set_for.raw


def resources(stage):
    set_for = PROFILE.overwrite_resources.get(stage.group, {})
    return {**stage.resources, **{name: found.raw for name, found in set_for.items()}}


rule all:
    input:
        [product for stage in STAGES if stage.file == "dvc.yaml" for product in stage.products],


for stage in STAGES:
    for part in stage.parts:

        rule:
            name:
                f"{stage.rule}_part_{part}"
            input:
                [path if path in RENEWED else ancient(path) for path in dag.inputs(stage, STAGES)],
                stamp=str(handover.stamp(stage)),
            output:
                temp(touch(str(handover.part_mark(stage, part)))),
            params:
                command=handover.part_command(stage, part),
            threads: threads(stage)
            resources:
                **resources(stage),
            shell:
                "{params.command}"

    rule:
        name:
            stage.rule
        input:
            [path if path in RENEWED else ancient(path) for path in dag.inputs(stage, STAGES)],
            ancient([str(handover.part_mark(stage, part)) for part in stage.parts]),
            stamp=str(handover.stamp(stage)),
        output:
            stage.products,
        params:
            command=stage.command,
            mark=handover.mark(stage),
            definition=dag.definition(stage, STAGES),
        threads: threads(stage)
        resources:
            **resources(stage),
        shell:
            "{params.command} && mkdir -p $(dirname {params.mark}) && echo {params.definition} > {params.mark}"


onsuccess:
    handover.record()  # as params.yaml and the code are now: what was edited meanwhile is not recorded


onerror:
    handover.record()
