"""Images that AWS itself keeps: whether they stand in the stack's region, and whether they are made for the machine.

Both are advice. What AWS keeps is known from its SDK of one day, and of an image of somebody else nothing is known.
"""

import re
from collections.abc import Iterator

from catalogue import images
from catalogue.graph import Graph, Resource
from catalogue.hardware.catalogue import load
from catalogue.kinds.aws import sagemaker, sfn
from catalogue.properties import Properties
from policies.rule import resource_rule, stack_rule

_GRAVITON = re.compile(r"ml\.[a-z]+[0-9]+g[a-z]*\..+")
"""Machine types with AWS's own ARM processors: a `g` follows the generation. EC2 user guide, "Naming conventions",
https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
"""


@resource_rule(
    "workflow-image-registry",
    sagemaker.MODEL,
    severity="high",
    mandatory=False,
    proof="workflow speed",
    says="An image of AWS's own is named in the account in which AWS keeps it in the region.",
    remedy="Name the account of the region, or push a copy of the image to a registry of your own in the region.",
)
def image_registry(props: Properties) -> Iterator[str]:
    """The account differs by region, and no model starts from one in which the repository is not. SageMaker Python SDK,
    https://sagemaker.readthedocs.io/en/stable/api/utility/image_uris.html
    """
    for image in _named(props):
        if (own := images.parts(image)) is not None:
            account, region, name, _ = own
            keeps = images.registry(name, region)
            if keeps is None:
                yield f"names {name} in {region}, where no source shows a registry of AWS that has it"
            elif keeps != account:
                yield f"names {name} in account {account}, and AWS keeps it in {region} in account {keeps}"


def _named(props: Properties) -> Iterator[str]:
    for container in (*props.each_section("primaryContainer"), *props.each_section("containers")):
        yield from container.each_text_if_known("image")


@stack_rule(
    "workflow-image-machine",
    sagemaker.ENDPOINT,
    *sfn.DEFINED,
    severity="high",
    mandatory=False,
    proof="workflow speed",
    says="An image of AWS's own is made for the processor and the accelerator of the machine that it runs on.",
    remedy="Name an image or a machine of the other sort in the stack file.",
)
def image_machine(graph: Graph, resource: Resource) -> Iterator[str]:
    """Graviton starts images for arm64, and nothing else does. Images for Neuron alone use Inferentia and Trainium.

    https://docs.aws.amazon.com/sagemaker/latest/dg/neo-supported-cloud.html,
    https://github.com/aws/deep-learning-containers/blob/master/available_images.md
    """
    for image, machine_type in _run(graph, resource):
        if images.parts(image) is not None and (why := _unfit(image, machine_type)):
            yield f"runs {image.partition('/')[2]} on {machine_type}, {why}"


def _run(graph: Graph, resource: Resource) -> Iterator[tuple[str, str]]:
    """Each image that runs, with the type of its machine. Of several, only those whose model can be told."""
    if resource.type in sfn.DEFINED:
        jobs = [cluster for job in sfn.jobs_of(graph, resource) for cluster, _ in job.clusters()]
        asked = [(cluster.text_or_empty("InstanceType"), "") for cluster in jobs]
        models = graph.refers(resource, sfn.DEFINED[resource.type], sagemaker.MODEL)
    else:
        configurations = sagemaker.configurations(graph, resource)
        variants = [variant for configuration in configurations for variant in sagemaker.variants(configuration)]
        asked = [(v.text_or_empty("instanceType"), v.text_if_known("modelName")) for v in variants]
        models = [m for c in configurations for m in graph.refers(c, "productionVariants", sagemaker.MODEL)]
    for machine_type, name in asked:
        of = models if len(asked) == 1 else [m for m in models if name and m.props.text_if_known("name") == name]
        for model in of if len(of) == 1 else ():
            yield from ((image, machine_type) for image in _named(model.props))


def _unfit(image: str, machine_type: str) -> str | None:
    known = load("aws").machine_types.get(machine_type)
    added = known.accelerator.name if known is not None and known.accelerator is not None else ""
    neuron = added.startswith("AWS ")
    if known is None:
        return None
    if bool(_GRAVITON.fullmatch(machine_type)) != images.is_arm(image):
        return "whose processor starts no image of this architecture"
    if images.is_neuron(image) and not neuron:
        return "which has no AWS Inferentia or Trainium, without which the image serves nothing"
    if neuron and not images.is_neuron(image):
        return f"where the {added} is paid for, and an image that is not for Neuron cannot use it"
    if added.startswith("NVIDIA ") and re.search(r"-cpu(-|$)", image):
        return f"where the {added} is paid for, and an image for CPUs cannot use it"
    return None


RULES = [image_registry, image_machine]
