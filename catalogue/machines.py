"""Machines: what a resource runs at once, which costs, quotas and limits are counted from."""

from dataclasses import dataclass

from catalogue.hardware.catalogue import Use


@dataclass(frozen=True)
class Machines:
    """Machines of one type that a resource runs at once: at least `low`, at most `high`.

    `user` is the name by which people know what runs (an endpoint, a batch job), `part` which part of it where there
    are several (a variant, a task). `accelerator` and `accelerators` (a number for each machine) are what the platform
    adds to the machine type; None where the type implies it.
    """

    user: str
    machine_type: str
    use: Use
    low: int
    high: int
    part: str = ""
    accelerator: str | None = None
    accelerators: int | None = None

    @property
    def said(self) -> str:
        """What runs, for a sentence: `ml.m5.large (variant blue)`."""
        added = f" + {self.accelerators or 1} × {self.accelerator}" if self.accelerator else ""
        return f"{self.machine_type}{added}{f' ({self.part})' if self.part else ''}"
