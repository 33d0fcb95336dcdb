"""The share of answers that may be errors before a new version is taken back: one bound for stack files and rules."""

ERRORS_PERCENT = (0.01, 50)
"""The least and the most, in percent. Below, one error in ten thousand answers takes a version back; above, one that
answers every other request wrongly stays."""
