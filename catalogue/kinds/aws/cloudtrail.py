"""AWS CloudTrail: who did what in the account."""

from catalogue.answers import by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Resource
from catalogue.kind import Bills, Holds, KeyAt, Keys, Kind, No, documented
from catalogue.kinds.aws import READ, acts, regional, registry, tagged, terraform
from catalogue.kinds.aws.kms import names_key
from catalogue.kinds.aws.s3 import BUCKET
from catalogue.pricing import Bill, Pricing

TRAIL = "aws:cloudtrail/trail:Trail"

MOST = 5
"""Trails of an account in a region, which AWS raises for nobody:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html. The exception is that of
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html; its words are assumed.
"""
_GUIDE = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/"
_KMS = documented(f"{_GUIDE}encrypting-cloudtrail-log-files-with-aws-kms.html", READ)
_RECORDS = documented(f"{_GUIDE}cloudtrail-concepts.html", READ)
_PRICING = documented("https://aws.amazon.com/cloudtrail/pricing/", READ)


def _price(pricing: Pricing, resource: Resource) -> Bill:
    """The first copy of an account's management events is free, each other bills. Data events bill in every trail.

    The ceiling takes it that the account has a trail already. Of several trails of the stack, only the first may be
    free, so the floor of each other has its copy.
    """
    events, management = pricing.assume("trail-data-events"), pricing.assume("trail-management-events")
    copy = management / 100_000 * pricing.of("cloudtrail-management-copies")
    first = min(trail.urn for trail in pricing.graph.of(TRAIL)) == resource.urn
    cost = events / 100_000 * pricing.of("cloudtrail-data-events")
    said = "free if it is the account's first copy" if first else "a further copy"
    basis = f"{management:,.0f} management events, {said}, and {events:,.0f} data events in the ceiling"
    return Bill("trail", 0.0 if first else copy, copy + cost, basis)


_ACTS = acts(
    "cloudtrail",
    by_name("arn:aws:cloudtrail:{region}:{account}:trail/{name}", id_from="arn"),
    Behaviour(
        name="name",
        pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]",
        refs=(*names_key("kmsKeyId"), Ref("s3BucketName", (BUCKET,), outside=True)),
        most=MOST,
        too_many="MaximumNumberOfTrailsExceededException: User: {account} already has 5 trails in {region}.",
        everywhere="isMultiRegionTrail",
    ),
)

KINDS = (
    Kind(
        token=TRAIL,
        tags=tagged(TRAIL),
        keys=Keys((KeyAt("kmsKeyId"),), _KMS),
        holds=Holds("guard", _RECORDS),
        reaches=No("CloudTrail writes on AWS's side", _RECORDS),
        runs=No("it runs no machine", _RECORDS),
        bills=Bills(_price, _PRICING, ("AWS CloudTrail",)),
        stands=regional(TRAIL),
        keeps=No("its bucket's lifecycle says how long", _RECORDS),
        serves=No("it runs no container", registry(TRAIL)),
        acts=_ACTS,
        renders=terraform("cloudtrail"),
    ),
)
