"""Who runs as what: each execution role is that of the persona which the catalogue's table names."""

import re
from collections.abc import Mapping, Sequence

from catalogue.experiments import RECORDS
from catalogue.graph import Graph, Resource
from catalogue.iam import allows, principals, statements
from catalogue.kinds.aws import iam, sagemaker, sfn
from catalogue.kinds.aws.experiments import MLFLOW_APP
from catalogue.kinds.aws.run_as import PEOPLE, PERSONAS, RUNS_AS, TAKEN_BY
from catalogue.landing_zones import AwsZone
from catalogue.once import once_a_graph, once_a_resource
from policies import given
from policies.aws.world import Arn, said
from policies.rule import Found, whole_stack_rule
from policies.world import names_of

_TAKES_A_ROLE = re.compile(r"(.*\.)?\w*[rR]ole(Arn)?")
_IDENTITY = "mlplatform-aws:index:Identity"


@whole_stack_rule(
    "identity-runs-as",
    iam.ROLE,
    severity="critical",
    says="Whatever runs as a role runs as that of its own persona, each role is a persona's or a caller's, and is "
    "taken by the services and the people whose work that persona's is.",
    remedy="Hand the component the role of the persona that catalogue/kinds/aws/run_as.py names.",
)
def runs_as(graph: Graph) -> Found:
    """A job as the approver could approve its own model; a model as the pipeline could start machines. In a stack of
    ours alone, whose personas are known. A text that is not known yet is judged once it is.

    "Each persona is one least-privilege identity":
    https://docs.aws.amazon.com/sagemaker/latest/dg/role-manager-personas.html
    """
    if not graph.ours or graph.placement is None:
        return
    personas = _personas(graph)
    for resource in graph.cloud:
        for path, role in _taken(resource):
            wanted = _wanted(graph, resource, path)
            if not wanted:
                yield resource, f"takes the role {role} by {path}, and nobody has said whose it is to be"
            elif (persona := personas.get(role)) not in wanted:
                whose = f"the {persona} persona's" if persona else "no persona's of the stack"
                yield resource, f"runs as {role} by {path}, which is {whose}, not the {' or '.join(wanted)} persona's"
    yield from _nobodys(graph)
    yield from _takers(graph)


def _takers(graph: Graph) -> Found:
    """Who may take a persona's role beside the services that do its work, and the people whose persona it is.

    A trust in a service is half of a way in: whoever may pass that role to it works as the persona.
    """
    paths = graph.placement and any(key.startswith("pipelines.") for key, _ in graph.placement.stated)
    for role in graph.of(iam.ROLE):
        persona = role.name.rpartition("-identity-")[2]
        if persona not in (*PERSONAS, RECORDS):
            continue
        for statement in filter(allows, statements(role.props, "assumeRolePolicy")):
            principal = principals(statement)
            services = {one.partition(".")[0]: one for one in principal.get("Service", ())}
            works = {*TAKEN_BY.get(persona, ())}
            if persona == "pipeline" and paths:
                works.add("sagemaker")  # which runs the pipelines of its own as the role that they name
            for service in sorted(services.keys() - works):
                yield role, f"may be taken by {services[service]}, which does no work of the {persona} persona"
            for person in principal.get("AWS", ()) if persona not in PEOPLE else ():
                yield role, f"may be taken by {person}, and no person is the {persona} persona"


def _nobodys(graph: Graph) -> Found:
    """Roles beside those that there are personas and callers for, each of whom has one."""
    assert graph.placement is not None
    records = [RECORDS] if graph.of(MLFLOW_APP) else []
    known = {*PERSONAS, *records, *(f"calls-{caller.name}" for caller in graph.placement.callers)}
    told = set[str]()
    for role in graph.of(iam.ROLE):
        name = role.props.text_if_known("name")
        part_of = graph.component_of(role)
        if not name or part_of is None or part_of.type != _IDENTITY:
            continue  # a company's own component makes what it likes, and `unasked` tells of what stands in none
        zone = given.zone(graph)
        at, wanted = (
            role.props.text_or_empty("path") or "/",
            (zone.role_path if isinstance(zone, AwsZone) else None) or "/",
        )
        if at != wanted:
            yield role, f"stands on the path {at}, where the stack's roles stand on {wanted}"
        if (who := _whose(graph, name)) not in known:
            yield role, f"is called {name}, which is no persona and no caller of the stack"
        elif who in told:
            yield role, f"is a second role of the {who} persona"
        told.add(who)


def _whose(graph: Graph, name: str) -> str:
    zone = given.zone(graph)
    return name.removeprefix(f"{zone.name_prefix if zone else ''}{graph.stack}-")


@once_a_graph
def _personas(graph: Graph) -> Mapping[str, str]:
    """The persona of each role, by its ARN where that is known."""
    found = {
        one.props.text_if_known("arn"): _whose(graph, one.props.text_if_known("name")) for one in graph.of(iam.ROLE)
    }
    return {arn: persona for arn, persona in found.items() if persona in (*PERSONAS, RECORDS)}


@once_a_resource
def _taken(resource: Resource) -> Sequence[tuple[str, str]]:
    """Each role that a resource takes: by an input of its own, or in the request of a job. A policy takes none."""
    found: list[tuple[str, str]] = []
    for path, text in said(resource):
        arn = Arn.read(text)
        inside, _, member = path.partition("#")
        plain = ".".join(part for part in (member or inside).split(".") if not part.isdigit())
        is_role = arn is not None and arn.service == "iam" and arn.resource.startswith("role/")
        if is_role and _TAKES_A_ROLE.fullmatch(plain) and (not member or resource.type in sfn.DEFINED):
            found.append((f"{inside}#{plain.rpartition('.')[2]}" if member else plain, text))
    return found


def _wanted(graph: Graph, resource: Resource, path: str) -> Sequence[str]:
    """The personas whose role may stand there; of a model, the one for which something names it."""
    wanted = RUNS_AS.get(resource.type, {}).get(path, ())
    if resource.type != sagemaker.MODEL:
        return wanted
    names = names_of(resource)
    return next(((persona,) for persona, named in _models(graph).items() if names & named), wanted)


@once_a_graph
def _models(graph: Graph) -> Mapping[str, set[str]]:
    """The names of the models that transform jobs and endpoints name, by the persona that such a model runs as."""
    machines, configurations = graph.of(*sfn.DEFINED), graph.of(sagemaker.CONFIGURATION)
    jobs = [job for machine in machines for job in sfn.jobs_of(graph, machine)]
    variants = [v for one in configurations for v in (*sagemaker.variants(one), *sagemaker.shadows(one))]
    return {
        "batch": {job.request.text_if_known("ModelName").casefold() for job in jobs} - {""},
        "serving": {variant.text_if_known("modelName").casefold() for variant in variants} - {""},
    }


RULES = [runs_as]
