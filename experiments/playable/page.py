"""The content of the page to play with: the generator, its directions, samples, and an example.

Part of figure.py. The style and script of the page are in page.html in this folder.
"""

from pathlib import Path
from typing import Any

import numpy as np

from repro.figures.offline_page import data_uri, write_page
from repro.networks.plain_generator import ExportedGenerator

TEMPLATE = Path(__file__).parent / "page.html"
DECIMALS = 4  # of z in the page
EXEMPLARS = 3  # per concept, in the page's example


def write_playable(path: Path, arrays: dict[str, np.ndarray], *, banner: str) -> None:
    """Write the page from the arrays of page.npz."""
    write_page(path, template=TEMPLATE, content=page_content(arrays) | {"banner": banner})


def page_content(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Everything on the page, ready for JSON."""
    names, z, sure = arrays["names"].tolist(), arrays["z"], arrays["sure"]
    low, high = arrays["found"].T
    exported = ExportedGenerator.from_arrays(arrays)
    return {
        "generator": exported.as_json(),
        "z_distribution": "normal" if arrays["normal"] else "uniform",
        "about": f"It has {sum(layer.weight.size for layer in exported.layers):,} weights of 16 "
        f"bits and takes {exported.z_dim} numbers z.",
        "directions": [
            {
                "name": name,
                "z": _short(direction),
                "words": f"a classifier finds it in {100 * a:.0f} % of samples at −1, "
                f"in {100 * b:.0f} % at 1",
            }
            for name, direction, a, b in zip(names, arrays["directions"], low, high, strict=True)
        ],
        "samples": [
            {"z": _short(one), "picture": data_uri(picture), "sure": _short(values)}
            for one, picture, values in zip(z, arrays["pictures"], sure, strict=True)
        ],
        "example": example(names, sure),
    }


def example(names: list[str], sure: np.ndarray) -> dict[str, Any]:
    """ "P without Q - neither + Q without P": the samples with most confidence, and a description.

    sure (N, A). Without a second attribute there is no example: numbers is [].
    """
    if len(names) < 2:
        return {"numbers": [], "words": ""}
    p, q = sure[:, 0], sure[:, 1]
    concepts = (p * (1 - q), (1 - p) * (1 - q), (1 - p) * q)
    numbers = [np.argsort(-one, kind="stable")[:EXEMPLARS].tolist() for one in concepts]
    first, second = names[:2]
    words = (
        f"A: {first}, not {second}; B: neither; C: {second}, not {first}. The sum should be both. "
        f"The {EXEMPLARS} of the samples below with most confidence."
    )
    return {"numbers": numbers, "words": words}


def _short(values: np.ndarray) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]
