"""Pictures, plots, tables and pages as files: equal input gives equal bytes.

Begin with `grid` and `save_picture` (drawing.py), `save_animation` (animation.py) and `write_page`
(offline_page.py).
"""
