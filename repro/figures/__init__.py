"""Pictures, plots, tables and pages as files: equal input gives equal bytes.

Begin with `grid`, `save_picture` and `legend_above` (drawing.py), `side_by_side` (side_by_side.py),
`save_animation` (animation.py) and `write_page` (offline_page.py).
"""
