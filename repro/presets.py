"""The presets: known recipes, each with what differs from the paper."""


def list_presets() -> str:
    """The presets, one a line."""
    return ""
