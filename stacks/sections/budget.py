"""What the team may spend."""

from typing import Annotated

from pydantic import Field

from stacks.fields import Fields
from stacks.model import Section


class Budget(Fields):
    """What the team may spend; alerts go to the owner at 50, 80 and 100 % and at a forecast of 100 %."""

    monthly_usd: Annotated[float, Field(ge=1, le=1_000_000, allow_inf_nan=False)] = Field(examples=[2500])
    """What the team may spend on this stack, in US dollars a month; a dollar or more, for a key of its own alone costs
    about that on aws (https://aws.amazon.com/kms/pricing/). It warns and stops nothing."""


SECTION: Section[Budget] = Section(
    __name__,
    value=Annotated[
        Budget,
        Field(
            description="What the team may spend; alerts go to the owner before and when it is spent.",
            examples=[{"monthly_usd": 2500}],
        ),
    ],
    called="budget",
    makes={"Budget": "{stack}-budget"},
)
of = SECTION.of
