"""The data look-ups that the simulated AWS answers."""

from collections.abc import Mapping

from catalogue.answers import Lookup

LOOKUPS: Mapping[str, Lookup] = {}
"""Empty: a stack file says all that a stack needs to know of its account."""
