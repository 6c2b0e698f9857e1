"""Several processes of one training on one machine: torchrun, ending like a single process.

    python -m repro.train.together N -m repro.train --spec ... (as repro.train takes it)

Where in the flow: the rule train_model starts trainings with it where `processes_per_training` is
above 1. After Ctrl-C or SIGTERM, which it passes on to the processes, torchrun itself ends in a
traceback and status 1; this module ends silently with 130 or 143, or with the status of the first
process that failed, which has reported why.
"""

import sys

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main as torchrun

from repro.command_line import at_least_one, new_parser, run_main


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("together", __doc__)
    parser.add_argument("processes", type=at_least_one, help="how many")
    argv = sys.argv[1:] if argv is None else argv
    given = parser.parse_args(argv[:1])
    try:
        # --standalone: a free port for each training, so that several fit on one machine
        torchrun(["--standalone", f"--nproc_per_node={given.processes}", *argv[1:]])
    except SignalException as stop:
        sys.exit(128 + stop.sigval)
    except ChildFailedError as failed:
        status = failed.get_first_failure()[1].exitcode
        sys.exit(128 - status if status < 0 else status)


if __name__ == "__main__":
    run_main(main)
