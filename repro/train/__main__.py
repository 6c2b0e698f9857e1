"""Train a DCGAN: dataset folder in, model folder out (repro.train.loop does the work).

    python -m repro.train --spec SPEC.json --data DATASET [--dedup DIR] --state DIR --out DIR

With `torchrun --nproc_per_node 8 -m repro.train ...` eight processes share each minibatch
(repro.train.processes); only the first of them writes, and it reads the resume state.
"""

from pathlib import Path
from typing import Any

import torch
from pydantic import Field

from repro.artefacts.recipe import Recipe
from repro.command_line import add_device, add_threads, new_parser, run_main
from repro.devices import keep_freed_memory
from repro.progress import REPORTER
from repro.specs.model import ModelSpec
from repro.specs.validation import Strict, read_step, validated
from repro.train.loop import train
from repro.train.processes import Processes


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("train", __doc__)
    parser.add_argument("--spec", type=Path, required=True, help="JSON of a ModelSpec and a seed")
    parser.add_argument("--data", type=Path, required=True, help="prepared dataset folder")
    parser.add_argument(
        "--dedup", type=Path, help="de-duplication folder, where the spec says deduplicated: true"
    )
    parser.add_argument("--state", type=Path, required=True, help="folder of the resume states")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    add_device(parser)
    add_threads(parser)
    parser.add_argument(
        "--cuda-graphs",
        action="store_true",
        help="on one GPU: record the step once and replay it (repro.train.cuda_graphs)",
    )
    given = parser.parse_args(argv)
    keep_freed_memory()
    if given.threads:
        torch.set_num_threads(given.threads)
    values = read_step(given.spec)
    step = validated(TrainStep, values, where=str(given.spec))
    spec = validated(ModelSpec, step.model, where=str(given.spec), key="model")
    if spec.deduplicated and given.dedup is None:
        parser.error(
            f"{given.spec} says deduplicated: true; give the de-duplication of {given.data} as "
            "--dedup DIR, or leave deduplicated out"
        )
    if given.dedup is not None and not spec.deduplicated:
        parser.error(
            f"--dedup {given.dedup} is given, but {given.spec} does not say deduplicated: true; "
            "leave out --dedup, or say so"
        )
    processes = Processes.launched()
    if processes.first:
        REPORTER.say(f"sample sheets appear in {given.state / 'samples'}")
    train(
        spec=spec,
        data=given.data,
        dedup=given.dedup,
        state_folder=given.state,
        out=given.out,
        seed=step.seed,
        device=given.device,
        banner=step.banner,
        cuda_graphs=given.cuda_graphs,
        recipe=Recipe.of("repro.train", settings=values, processes=processes.size),
    )
    if processes.first:
        REPORTER.say(f"trained; look at {given.out / 'samples.png'}")


class TrainStep(Strict):
    """The JSON file (--spec) of a training."""

    model: dict[str, Any]
    seed: int = Field(ge=0, strict=True)
    banner: str = ""


if __name__ == "__main__":
    run_main(main)
