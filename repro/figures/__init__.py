"""Pictures, plots, tables and pages as files: the same input gives the same bytes.

`grid` and `save_picture` (drawing.py), `save_animation` (animation.py), `write_page`
(offline_page.py).
"""
