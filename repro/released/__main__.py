"""List which of the authors' released weights a folder holds, and which are missing.

python -m repro released FOLDER
"""

from pathlib import Path

from repro.command_line import new_parser, run_main
from repro.released.networks import WHERE, description, released_networks


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("released", __doc__)
    parser.add_argument("folder", type=Path, help=WHERE)
    print("\n".join(map(description, released_networks(parser.parse_args(argv).folder))))


if __name__ == "__main__":
    run_main(main)
