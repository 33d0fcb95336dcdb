"""Whether a platform lets a principal do something, by the grants that stand; for aws it is `catalogue/iam.py`."""
