"""Renders resource graphs in the languages of Checkov's rules: Terraform plans and ARM templates."""

from collections.abc import Iterable
from importlib import import_module

from catalogue.platforms import PLATFORMS
from operations.rendering.rendered import Rendered, Resource


def render(platform: str, resources: Iterable[Resource]) -> Rendered:
    """Render every resource in the language of its platform. No other language is imported."""
    rendered: Rendered = import_module(f"operations.rendering.{PLATFORMS[platform].rendering}").render(resources)
    return rendered
