#!/bin/bash
# huggingface_hub 2.4.0: a model card joins evaluation results that agree in task_type, dataset_type, dataset_config, dataset_split and
# dataset_revision, and takes dataset_name, dataset_args, task_name and source of all of them from the first. The other results then stand
# under data, a task and a source that are not theirs; nothing is said, and the numbers read back from the card are of the first data.
# Seen: FIDs of 12.0 on 28 x 28 and 31.0 on 64 x 64, given as dataset_args with a name and a source each: two FIDs on 28 x 28, from one source.
# Exit 0: as described here; 1: it has changed; 2: it cannot be set up. Needs python3 and the registry; no argument.
set -u
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
python3 -m venv v > /dev/null && v/bin/pip install -q huggingface_hub==2.4.0 || exit 2
v/bin/python -W error - <<'P'
import sys
from huggingface_hub import EvalResult, ModelCard, ModelCardData


def result(side, fid, source, **more):
    return EvalResult(
        task_type="unconditional-image-generation", task_name=f"images of {side} x {side}", dataset_type="example/digits", dataset_name=f"digits, {side} x {side}",
        dataset_args={"side": side}, metric_type="fid", metric_value=fid, source_name=source, source_url=f"https://example.org/{source}", **more,
    )


def read_back(results):
    card = ModelCard(f"---\n{ModelCardData(model_name='a model', eval_results=results).to_yaml()}\n---\n")
    return [(r.metric_value, r.dataset_name, r.dataset_args["side"], r.task_name, r.source_name) for r in card.data.eval_results]


def written(side, fid, source):
    return fid, f"digits, {side} x {side}", side, f"images of {side} x {side}", source


both = read_back([result(28, 12.0, "paper"), result(64, 31.0, "run")])
apart = read_back([result(28, 12.0, "paper", dataset_config="small"), result(64, 31.0, "run", dataset_config="large")])
print("huggingface_hub 2.4.0, two results:", *both, sep="\n  ")
print("with a dataset_config each:", *apart, sep="\n  ")
kept, lost = [written(28, 12.0, "paper"), written(64, 31.0, "run")], [written(28, 12.0, "paper"), (31.0, *written(28, 12.0, "paper")[1:])]
sys.exit(0 if both == lost and apart == kept else 1)
P
