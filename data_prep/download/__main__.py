"""Fetch, check and unpack the raw data of a source; list the files to fetch.

Where in the flow: before data_prep/prepare.py. source_files.py does the work.

python -m data_prep.download SOURCE --raw RAW [--list] [--unpack] [--only NAME...] [--retries N]
"""

from pathlib import Path

from data_prep.download.fetch import RETRIES, format_bytes
from data_prep.download.manifest import MANIFEST, Place, listing, planned, read_manifest
from data_prep.download.source_files import download
from repro.command_line import natural, new_parser, run_main


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("download", "Fetch, check and unpack the raw data of a source.")
    parser.add_argument("source", nargs="?", help="lsun, cifar10, ...; --list names them all")
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw data")
    parser.add_argument("--list", action="store_true", help="only show what there is to fetch")
    parser.add_argument("--unpack", action="store_true", help="unpack archives too")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these files")
    parser.add_argument(
        "--archive", type=Path, action="append", default=[], metavar="PATH",
        help="a copy from elsewhere (or a folder of copies), checked and used; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--retries", type=natural, default=RETRIES, help=f"without a new byte (default {RETRIES})"
    )
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="what there is to fetch")
    given = parser.parse_args(argv)
    if given.source is None and not given.list:
        parser.error("name a source (or --list)")
    places: list[Place] = []
    manifest = read_manifest(given.manifest)
    names = [given.source] if given.source else list(manifest.sources)
    for name in names:
        only = given.only if given.source else []
        places += planned(name, raw=given.raw, only=only, manifest=manifest)
    if given.list:
        print(listing(places))
        return
    try:
        download(
            source=given.source,
            raw=given.raw,
            only=given.only,
            unpacked=given.unpack,
            archives=given.archive,
            retries=given.retries,
            manifest=given.manifest,
        )
    except KeyboardInterrupt:
        kept = [f"{format_bytes(p.fetched)} in {p.part}" for p in places if p.fetched]
        raise KeyboardInterrupt(
            f"stopped; kept: {', '.join(kept) or 'nothing unfinished'}. The same command "
            "continues from there."
        ) from None


if __name__ == "__main__":
    run_main(main)
