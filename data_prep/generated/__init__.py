"""Worlds: synthetic raw data in official layouts, so that a run needs no download.

Each module here is one world (rooms, faces, objects, digits, house_numbers) with `Options` and
`write(out, options, seed)`; `python -m data_prep.generate` runs one by name. `drawing/` contains
the drawing code.
"""
