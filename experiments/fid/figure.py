"""FID and KID by role, and the table with each number's protocol.

The figure step: reads the folder that measure.py wrote, draws with charts.py and tables.py. Alone:
python -m experiments.fid.figure (see --help)
"""

import json
from pathlib import Path

from experiments.contract import figure_command
from experiments.fid.charts import scores_chart
from experiments.fid.tables import scores_table
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig_fid.png and table_fid.csv."""
    parts = json.loads((measured / "parts.json").read_text(encoding="utf-8"))
    numbers = read_measurements(measured)
    save_figure(out / "fig_fid.png", scores_chart(numbers, parts), style=style)
    save_table(out / "table_fid.csv", scores_table(parts))


if __name__ == "__main__":
    figure_command(figure)
