"""What of the authors' released weights a folder holds, and what is missing.

python -m repro.released FOLDER
"""

import argparse
from pathlib import Path

from repro.released.networks import WHERE, description, released_networks


def main() -> None:
    parser = argparse.ArgumentParser(description="what released weights a folder holds")
    parser.add_argument("folder", type=Path, help=WHERE)
    print("\n".join(map(description, released_networks(parser.parse_args().folder))))


if __name__ == "__main__":
    main()
