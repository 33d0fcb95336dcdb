"""The data look-ups that the simulated AWS answers."""

from collections.abc import Mapping

from catalogue.answers import Lookup

LOOKUPS: Mapping[str, Lookup] = {}
"""None: what a stack needs to know of its account stands in its file."""
