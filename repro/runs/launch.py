"""How the Snakefile starts a training: in one process, or in several on one machine.

Where in the flow: the rule train_model puts `launcher(N)` before `-m repro.train`, with N the run's
`processes_per_training`; repro.train.processes is what the started processes then know of each
other.
"""


def launcher(processes: int) -> str:
    """The words before `-m repro.train` that start it `processes` times.

    Raises ValueError where processes is below 1.
    """
    if processes < 1:
        raise ValueError(f"{processes} processes for a training; expected 1 or more")
    if processes == 1:
        return "python"
    return f"python -m repro.train.together {processes}"


def threads_each(threads: int, processes: int) -> int:
    """Number of threads for each of the processes that share `threads`; at least one."""
    return max(1, threads // processes)
