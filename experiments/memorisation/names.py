"""Suffixes of memorisation's numbers and arrays, for measure.py and figure.py alike.

They follow quantity and space, e.g. suspicious_share_features_blur_matched_without_dedup.
"""

MATCHED = "_blur_matched"  # real images blurred to the samples' sharpness
WITH_PARTNERS = "_with_partners"  # also those with a near-identical training image
HELD_OUT = "_held_out"
HELD_OUT_MATCHED = f"{HELD_OUT}{MATCHED}"
WITHOUT_DEDUP = "_without_dedup"  # of the model trained on all images
