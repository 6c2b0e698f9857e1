"""Names of the turn vector's numbers, for measure.py, which computes them, and figure.py.

Alone: `measurement_name(["pose", "man"], 0, "change")`.
"""

POSE = "pose"  # the axis that the paper turns


def measurement_name(names: list[str], axis: int, quantity: str) -> str:
    """Name of a measurement: turn_... where Fig 8 turns the pose, "...: NAME" on any other axis."""
    if axis == 0 and names[0] == POSE:
        return f"turn_{quantity}"
    return f"{quantity}: {names[axis]}"
