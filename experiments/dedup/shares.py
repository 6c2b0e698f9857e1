"""A share with its Wilson interval as a measurement; every part of this experiment states some.

Alone: `share_measurement("recall", Share(3, 4), over="copies", protocol="...")`.
"""

from repro.claims.measurement import Measurement
from repro.dedup.truth import Share


def share_measurement(name: str, share: Share, *, over: str, protocol: str) -> Measurement:
    """`over`: what the interval is over, e.g. "images". The share's n must not be 0."""
    low, high = share.interval
    return Measurement(
        name=name,
        value=share.value,
        low=low,
        high=high,
        n=share.n,
        spread=f"95 % Wilson interval over {over}",
        protocol=protocol,
    )
