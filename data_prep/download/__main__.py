"""Fetch, check and unpack the raw data of a source; show what there is to fetch.

Where in the flow: before data_prep/prepare.py. source_files.py does the work.

python -m data_prep.download SOURCE --raw RAW [--list] [--unpack] [--only NAME...] [--retries N]
"""

import argparse
import sys
from pathlib import Path

from data_prep.download.fetch import RETRIES, amount
from data_prep.download.manifest import MANIFEST, Place, listing, planned, read_manifest
from data_prep.download.part_file import FetchError
from data_prep.download.source_files import DownloadError, download
from data_prep.download.unpack import ArchiveError
from repro.specs.validation import SpecError


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Fetch, check and unpack the raw data of a source.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("source", nargs="?", help="lsun, cifar10, ...; --list names them all")
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw data")
    parser.add_argument("--list", action="store_true", help="only show what there is to fetch")
    parser.add_argument("--unpack", action="store_true", help="unpack archives too")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these files")
    parser.add_argument(
        "--archive", type=Path, action="append", default=[], metavar="PATH",
        help="a copy from elsewhere (or a folder of copies), checked and used; may be repeated",
    )  # fmt: skip
    parser.add_argument("--retries", type=int, default=RETRIES, help="without a new byte")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="what there is to fetch")
    given = parser.parse_args()
    if given.source is None and not given.list:
        parser.error("name a source (or --list)")
    places: list[Place] = []
    try:
        manifest = read_manifest(given.manifest)
        names = [given.source] if given.source else list(manifest.sources)
        for name in names:
            only = given.only if given.source else []
            places += planned(name, raw=given.raw, only=only, manifest=manifest)
        if given.list:
            print(listing(places))
            return
        download(
            source=given.source,
            raw=given.raw,
            only=given.only,
            unpacked=given.unpack,
            archives=given.archive,
            retries=given.retries,
            manifest=given.manifest,
        )
    except (SpecError, FetchError, ArchiveError, DownloadError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        kept = [f"{amount(p.fetched)} in {p.part}" for p in places if p.fetched]
        print(
            f"\nstopped; kept: {', '.join(kept) or 'nothing unfinished'}. The same command goes on "
            "from there.",
            file=sys.stderr,
        )
        sys.exit(130)


if __name__ == "__main__":
    main()
