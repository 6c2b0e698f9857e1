"""The table of FID and KID: each comparison with its protocol.

Part of figure.py. Alone: `scores_table(parts)`, of parts.json.
"""

from typing import Any

import pandas as pd


def scores_table(parts: dict[str, Any]) -> pd.DataFrame:
    """One row per comparison; then the roles that were left out, with the reason."""
    rows: list[dict[str, object]] = []
    for row in parts["rows"]:
        found = row["scores"]
        rows.append(
            {
                "role": row["role"],
                "compared": "samples" if row["kind"] == "samples" else "held-out images",
                "training": row["training"] or "",
                "images": found["first"],
                "against": f"{row['against']} images",
                "of these": found["second"],
                "FID": found["fid"],
                "KID": found["kid"],
                "± over subsets": found["kid_sd"],
                "subset": f"{found['subsets']} x {found['subset_size']}",
                "warning": row["warning"],
                "protocol": row["protocol"],
            }
        )
    left_out = [
        {"role": role, "warning": f"left out: {why}"} for role, why in parts["left_out"].items()
    ]
    return pd.DataFrame(rows + left_out)
