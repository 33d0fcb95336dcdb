"""Vertex AI Workbench: the instance of one person, and the grants to start and stop it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import ceil

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Graph, Resource
from catalogue.kind import (
    Apart,
    At,
    Bills,
    Draws,
    KeyAt,
    Keys,
    Kind,
    No,
    Personal,
    Reaches,
    Serves,
    StandsApart,
    assumed,
    documented,
    from_source,
)
from catalogue.kinds.gcp import (
    ACCOUNT,
    IN_PLACE,
    KEY,
    OWN_ACCOUNT,
    READ,
    RFC1035,
    SUBNETWORK,
    VPC,
    acting,
    grant,
    granting,
    in_terraform,
    registry,
)
from catalogue.pricing import Bill, Pricing, Unpriced
from catalogue.quantities import more_than_zero_or_none

INSTANCE = "gcp:workbench/instance:Instance"
INSTANCE_MEMBER = "gcp:workbench/instanceIamMember:InstanceIamMember"

_SDK = registry("workbench/instance")
_KMS = documented("https://cloud.google.com/vertex-ai/docs/workbench/instances/cmek", READ)
_PERIMETER = documented(
    "https://docs.cloud.google.com/gemini-enterprise-agent-platform/notebooks/workbench/instances/create#network-options",
    "2026-11-28",
)
_PRICES = documented("https://cloud.google.com/vertex-ai/pricing", READ)
_QUOTAS = assumed("Workbench draws on Compute Engine's quotas, of which the hardware catalogue has none", READ)
_OWN_DISK = documented("https://cloud.google.com/vertex-ai/docs/workbench/instances/restore", READ)
"""What is on the data disk comes back from a snapshot alone, which somebody must have taken."""
_UPDATED = from_source("https://github.com/hashicorp/terraform-provider-google/issues/22622", READ)
"""An update of the metadata loses keys. So it is left alone: the provider's own page of the resource says so too."""
_AGENTS = ("compute-system", "gcp-sa-notebooks")

# The default size of a disk, and the service that bills each type. `PD_BALANCED` is the default type.
_DISKS: Mapping[str, int] = {"bootDisk": 150, "dataDisks": 100}
_TYPES: Mapping[str, str] = {"PD_BALANCED": "pd-balanced", "PD_STANDARD": "pd-standard", "PD_SSD": "pd-ssd"}


# The quota of each type. Of SSD a new project has 500 GB in a region, and 250 in a free trial, by answers that people
# quote: "Quota 'SSD_TOTAL_GB' exceeded". Balanced disks are of SSD: https://docs.cloud.google.com/compute/docs/disks/performance
_SSD, _HDD = "compute.googleapis.com/ssd_total_storage", "compute.googleapis.com/disks_total_storage"
_DISK_QUOTAS: Mapping[str, str] = {"PD_BALANCED": _SSD, "PD_STANDARD": _HDD, "PD_SSD": _SSD}
_DRAWS = from_source("https://github.com/kubeflow/pipelines/issues/10907", READ)


def _disks(instance: Resource) -> Iterator[tuple[int, str]]:
    """The size and type of each disk, as Workbench makes it where the instance does not say."""
    setup = instance.props.section_or_empty("gceSetup")
    for name, default in _DISKS.items():
        for disk in setup.each_section(name):
            size = ceil(more_than_zero_or_none(disk, "diskSizeGb") or default)
            yield size, disk.text_or_empty("diskType") or "PD_BALANCED"


def _draws(instance: Resource) -> Mapping[str, int]:
    """A disk of a type that is not known here draws on the quota that a new project has least of."""
    drawn: Counter[str] = Counter()
    for size, type_ in _disks(instance):
        drawn[_DISK_QUOTAS.get(type_, _SSD)] += size
    return drawn


def _instance(pricing: Pricing, resource: Resource) -> Bill:
    """The cost of its disks, which stay while it is stopped, and of its hours.

    An added accelerator has no price here.
    """
    setup = resource.props.section_or_empty("gceSetup")
    machine = setup.text_or_empty("machineType")
    for added in setup.each_section("acceleratorConfigs"):
        raise Unpriced(f"{added.text_or_empty('type')} added to {machine} in {pricing.region}")
    disks, space = 0, 0.0
    for size, kind in _disks(resource):
        if kind not in _TYPES:
            raise Unpriced(f"a disk of type {kind} in {pricing.region}")
        disks, space = disks + size, space + size * pricing.of(_TYPES[kind])
    hours, hour = pricing.assume("workspace-hours-per-user"), pricing.workspace(machine)
    return Bill(
        "workspace user",
        space,
        space + hours * hour,
        f"{disks} GB of disks, kept while it is stopped; {hours:g} h of {machine} × ${hour:g} in the ceiling",
    )


def _reached(graph: Graph, instance: Resource) -> Iterator[str]:
    """The domains of Workbench, and that of the kernels of Managed Spark, which an instance has where nobody turns them
    off."""
    yield from ("googleapis.com", "notebooks.cloud.google.com", "notebooks.googleusercontent.com", "pkg.dev")
    if instance.props.section_or_empty("gceSetup.metadata").text_if_known("disable-mixer").lower() != "true":
        yield "kernels.googleusercontent.com"


def _images(graph: Graph, resource: Resource) -> Iterator[str]:
    """The container that an instance starts, if it starts one. The image of a virtual machine is Google's."""
    for image in resource.props.each_section("gceSetup.containerImage"):
        yield f"{image.text_or_empty('repository')}:{image.text_or_empty('tag')}"


def _artifacts(graph: Graph, resource: Resource) -> Iterator[str]:
    yield from ()


KINDS = (
    Kind(
        token=INSTANCE,
        tags=At("labels", _SDK),
        keys=Keys(
            (
                KeyAt("gceSetup.bootDisk.kmsKey", users=_AGENTS),
                KeyAt("gceSetup.dataDisks.kmsKey", users=_AGENTS),
            ),
            _KMS,
        ),
        holds=Personal(lambda instance: True, _OWN_DISK),
        reaches=Reaches(_reached, _PERIMETER),
        runs=No("limits-workspace-machines asks which machine a person has", _QUOTAS),
        bills=Bills(_instance, _PRICES, ("Compute Engine", "Vertex AI", "Notebooks")),
        stands=No("it names a zone, of whose region limits-zone asks", _SDK),
        keeps=No("its disks go with it", _SDK),
        serves=Serves(_images, _artifacts, _SDK),
        acts=acting(
            "workbench",
            by_resource_name(
                IN_PLACE + "/instances/{name}",
                proxyUri="{hex}-dot-{region}.notebooks.googleusercontent.com",
                state="ACTIVE",
            ),
            Behaviour(
                name="name",
                pattern=RFC1035,
                refs=(
                    Ref("gceSetup.networkInterfaces.network", (VPC,), holds=True),
                    Ref("gceSetup.networkInterfaces.subnet", (SUBNETWORK,), holds=True),
                    Ref("gceSetup.serviceAccounts.email", (ACCOUNT,), only=OWN_ACCOUNT),
                    Ref("gceSetup.bootDisk.kmsKey", (KEY,)),
                ),
                machines=True,
            ),
        ),
        renders=in_terraform("google_workbench_instance"),
        draws=Draws((_SSD, _HDD), _draws, _DRAWS),
        apart=StandsApart(
            (
                Apart(
                    "gceSetup.metadata",
                    "the provider would lose keys of it, so an instance keeps the idle timeout that it was made with",
                    "`gcloud workbench instances update {name} --project={project} --location={location} "
                    "--metadata={gceSetup.metadata}`",
                ),
                Apart(
                    "location",
                    "an instance keeps its zone, with its disks",
                    "save the work in the bucket, take the person out of the stack file, allow that, "
                    "`uv run mlplatform teardown STACK --retired --yes`, `pulumi up`, and write the person again",
                ),
                Apart("desiredState", "people start and stop their own instance, and an idle one stops"),
            ),
            _UPDATED,
        ),
    ),
    grant(
        INSTANCE_MEMBER,
        "an instance",
        "workbench/instanceiammember",
        acts=granting("workbench", IN_PLACE + "/instances/{name}", Ref("name", (INSTANCE,))),
        renders=in_terraform("google_workbench_instance_iam_member"),
    ),
)
