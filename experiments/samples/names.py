"""Names of the measurements of the sample sheets; loads no PyTorch."""


def measurement_name(quantity: str, role: str, kind: str) -> str:
    """E.g. "realism_faces_untrained"; that of samples has no kind in its name: "realism_faces"."""
    return f"{quantity}_{role}" if kind == "samples" else f"{quantity}_{role}_{kind}"
