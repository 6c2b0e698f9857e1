"""Options of the de-duplication measures (paper §4.1.1), as a run file may set them.

Apart from measure.py, so that a run file is checked without loading what measures.
"""

from pydantic import Field

from repro.specs import Strict


class Options(Strict):
    """Where the truth lies and how much is compared."""

    truth: str = Field("duplicates.csv", description="truth file, relative to the raw folder")
    compared: int = Field(20_000, ge=2, description="images compared by all methods, first rows")
    hash_side: int = Field(8, ge=2, description="side of the perceptual hashes: 8 = 64 bits")
    groups: int = Field(24, ge=1, description="groups shown, drawn at random")
    members: int = Field(4, ge=2, description="images shown of a group, the one kept first")
