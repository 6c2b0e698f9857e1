"""Files of a step that are whole or absent, and a record of what made them.

`step_folder` (step_folder.py) writes an output folder, `save_arrays` (arrays.py) writes arrays, and
`FinishedParts` (finished_parts.py) keeps the finished parts of a long step.
"""
