"""Each component by itself: what it creates, that two of it can stand side by side, and the traps it guards."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pulumi
import pulumi_gcp
import pytest

from catalogue.graph import Graph
from catalogue.made import made as known
from components.gcp.agents import ServiceAgents, ServiceAgentsArgs
from components.gcp.encryption import DATA_AGENTS, Encryption, EncryptionArgs
from components.gcp.names import fitted, label, squeezed
from components.gcp.network import Network
from components.gcp.personas import IdentityArgs, Needs, repositories
from components.gcp.workspace import REACH, Workspace
from components.given import BadArgument
from components.package import Package, components
from operations.offline import record
from provider import Provider
from tests.components.gcp.examples import (
    EXAMPLES,
    KEY,
    LOGS_KEY,
    MEMBERS,
    NETWORK,
    NUMBER,
    PROJECT,
    REGION,
    TAGS,
    WORKSPACE,
    account,
)

# Who is called as the cloud allows one of at a time, so that two of a component can stand side by side.
NAMED = {
    "Audit": "bucket_id",
    "BatchJob": "job_name",
    "Endpoint": "endpoint_name",
    "Identity": "prefix",
    "PrivateBucket": "bucket_name",
    "Registry": "bucket_name",
    "TrainingJob": "job_name",
    "Workspace": "prefix",
}
Make = Callable[[str, pulumi.ResourceOptions], pulumi.ComponentResource]


def maker(component: Any) -> Make:
    """Makes a component of its example, under a name of its own."""
    example, named = EXAMPLES[component.__name__], NAMED.get(component.__name__)
    return lambda name, opts: component(name, replace(example, **{named: name}) if named else example, opts)


COMPONENTS = {component.__name__: maker(component) for component in components("gcp")}


def made(*makers: tuple[str, Make]) -> Graph:
    """The graph of some components, each with its name."""

    def program() -> None:
        provider = pulumi_gcp.Provider("gcp", project=PROJECT, region=REGION)
        own = Provider("mlplatform")
        for name, make in makers:
            make(name, pulumi.ResourceOptions(providers=[provider, own]))

    return record(program, "test", "gcp", {})


def one(name: str, kind: str) -> Graph:
    return made((name, COMPONENTS[kind]))


def inputs(graph: Graph, type_: str) -> Any:
    (resource,) = graph.of(type_)
    return resource.inputs


@pytest.mark.sweep(2)
@pytest.mark.parametrize("kind", COMPONENTS)
def test_two_of_a_component_stand_side_by_side(kind: str) -> None:
    graph = made(("first", COMPONENTS[kind]), ("second", COMPONENTS[kind]))
    assert [r.type for r in graph.resources if r.is_component].count(f"mlplatform-gcp:index:{kind}") == 2
    assert len(graph.by_urn) == len(graph.resources)
    halves = [Counter(r.type for r in graph.cloud if r.name.startswith(name)) for name in ("first", "second")]
    assert halves[0] == halves[1] and halves[0]
    assert all(r.parent in graph.by_urn for r in graph.cloud), "children are parented"
    for resource in graph.cloud:
        if resource.type != "gcp:monitoring/notificationChannel:NotificationChannel":  # whose labels are its address
            assert resource.inputs.get("labels", TAGS) == TAGS
        assert resource.inputs.get("userLabels", TAGS) == TAGS


def test_trap_the_forwarding_rule_to_google_has_a_legal_name_however_long_the_stack_is_named() -> None:
    """The rule of a Private Service Connect endpoint to Google's APIs takes 1 to 20 lower-case letters and digits."""
    names = [f"{'a-long-stack-name' * 2}-{index}-network" for index in range(2)]
    graph = made(*((name, COMPONENTS["Network"]) for name in (*names, "p-network")))
    rules = graph.of("gcp:compute/globalForwardingRule:GlobalForwardingRule")
    assert all(re.fullmatch(r"[a-z][a-z0-9]{0,19}", rule.inputs["name"]) for rule in rules)
    assert len({rule.inputs["name"] for rule in rules}) == 3, "and another for each"
    assert all(rule.inputs["target"] == "vpc-sc" and rule.inputs["loadBalancingScheme"] == "" for rule in rules)


def test_the_address_of_google_lies_in_the_network_but_in_no_subnet() -> None:
    graph = one("net", "Network")
    assert inputs(graph, "gcp:compute/subnetwork:Subnetwork")["ipCidrRange"] == "10.40.0.0/21"
    address = inputs(graph, "gcp:compute/globalAddress:GlobalAddress")
    assert (address["address"], address["purpose"]) == ("10.40.15.254", "PRIVATE_SERVICE_CONNECT")


def test_the_network_has_exactly_the_domains_asked_for_each_with_all_below_it() -> None:
    graph = one("net", "Network")
    zones = {zone.inputs["dnsName"] for zone in graph.of("gcp:dns/managedZone:ManagedZone")}
    assert zones == {"googleapis.com.", "pkg.dev."}
    records = {
        (r.inputs["name"], r.inputs["type"], *r.inputs["rrdatas"]) for r in graph.of("gcp:dns/recordSet:RecordSet")
    }
    assert records == {
        ("googleapis.com.", "A", "10.40.15.254"),
        ("*.googleapis.com.", "CNAME", "googleapis.com."),
        ("pkg.dev.", "A", "10.40.15.254"),
        ("*.pkg.dev.", "CNAME", "pkg.dev."),
    }


def test_nothing_leaves_the_network_but_https_to_google() -> None:
    graph = one("net", "Network")
    assert inputs(graph, "gcp:compute/network:Network")["deleteDefaultRoutesOnCreate"] is True
    walls = [r.inputs for r in graph.of("gcp:compute/firewall:Firewall")]
    allowed = [(w["direction"], w["destinationRanges"], w["allows"]) for w in walls if "allows" in w]
    assert allowed == [("EGRESS", ["10.40.15.254/32"], [{"protocol": "tcp", "ports": ["443"]}])]
    denied = {w["direction"]: w for w in walls if "denies" in w}
    assert denied["EGRESS"]["destinationRanges"] == denied["INGRESS"]["sourceRanges"] == ["0.0.0.0/0"]
    assert all(w["denies"] == [{"protocol": "all"}] and w["priority"] > 1000 for w in denied.values())
    assert all(w["logConfig"] == {"metadata": "INCLUDE_ALL_METADATA"} for w in walls)


def test_trap_no_peering_that_would_not_delete_and_no_attachment_that_fails_once() -> None:
    """Peering with service networking does not delete cleanly (16275, 19908), nor does a NetworkAttachment (24145)."""
    graph = made(*((kind.lower(), make) for kind, make in COMPONENTS.items()))
    types = {r.type for r in graph.cloud}
    assert len(types) > 30
    assert not {t for t in types if re.search(r"servicenetworking|[Pp]eering|networkAttachment|routerNat|/route:", t)}


def test_machines_are_made_in_the_zone_that_is_named_and_stay_where_they_stand() -> None:
    users = {"carl": "carl@example.com", **WORKSPACE.users}
    args = replace(WORKSPACE, users=users, zone=f"{REGION}-f")
    instances = made(("ws", lambda n, o: Workspace(n, args, o))).of("gcp:workbench/instance:Instance")
    assert len(instances) == len(users)
    assert {instance.inputs["location"] for instance in instances} == {f"{REGION}-f"}
    assert all("location" in instance.options["ignoreChanges"] for instance in instances)


def test_keys_for_logs_and_data_are_two_each_rotated_and_kept() -> None:
    keys = {key.name: key for key in one("key", "Encryption").of("gcp:kms/cryptoKey:CryptoKey")}
    assert set(keys) == {"key-data", "key-logs"}
    assert all(key.inputs["rotationPeriod"] == "7776000s" and key.protect for key in keys.values())


def test_trap_a_key_that_google_never_deletes_leaves_its_name_to_pulumi() -> None:
    graph = one("key", "Encryption")
    kept = [*graph.of("gcp:kms/keyRing:KeyRing"), *graph.of("gcp:kms/cryptoKey:CryptoKey")]
    assert len(kept) == 3 and not [r.name for r in kept if "name" in r.inputs]


def test_each_service_agent_gets_the_key_it_works_with_and_no_other() -> None:
    grants = one("key", "Encryption").of("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
    by_key = {key: {g.inputs["member"] for g in grants if key in g.name} for key in ("key-data", "key-logs")}
    assert by_key["key-data"] == {MEMBERS[agent] for agent in DATA_AGENTS}
    assert by_key["key-logs"] == {MEMBERS["logging"]}, "who writes logs holds no key to data"
    assert {g.inputs["role"] for g in grants} == {"roles/cloudkms.cryptoKeyEncrypterDecrypter"}


def test_trap_a_service_agent_appears_lazily_and_gets_no_role_when_it_is_asked_for() -> None:
    graph = one("agents", "ServiceAgents")
    asked = {r.outputs["member"] for r in graph.of("gcp:projects/serviceIdentity:ServiceIdentity")}
    granted = {r.inputs["member"]: r.inputs["role"] for r in graph.of("gcp:projects/iAMMember:IAMMember")}
    assert len(asked) == 5 and set(granted) == asked
    assert all(role.endswith(".serviceAgent") for role in granted.values()), "the role Google itself would give"


@pytest.fixture(scope="module")
def personas() -> Graph:
    return one("who", "Identity")


def test_who_submits_may_act_as_the_account_that_runs_and_as_no_other(personas: Graph) -> None:
    acts = {
        (g.inputs["member"].partition("@")[0], g.inputs["serviceAccountId"].rpartition("/")[2].partition("@")[0])
        for g in personas.of("gcp:serviceaccount/iAMMember:IAMMember")
    }
    assert acts == {
        ("serviceAccount:who-data-scientist", "who-training"),
        ("serviceAccount:who-pipeline", "who-batch"),
        ("serviceAccount:who-pipeline", "who-pipeline"),  # as which a pipeline job's launchers run
        ("serviceAccount:who-pipeline", "who-training"),
        ("serviceAccount:who-hours", "who-serving"),
    }


def test_an_identity_with_hours_and_training_makes_no_more_than_is_asked_for(personas: Graph) -> None:
    """What `unasked` counts: the graph has every section that needs an account to act as another."""
    made_of = Counter(resource.type for resource in personas.cloud)
    bounds = known("gcp")["Identity"].parts
    assert {type_: count for type_, count in made_of.items() if count > bounds[type_][1]} == {}


def test_no_persona_holds_a_basic_or_broad_role_or_a_key(personas: Graph) -> None:
    roles = {r.inputs["role"] for r in personas.cloud if "role" in r.inputs}
    predefined = {role for role in roles if role.startswith("roles/")}
    assert predefined == {
        "roles/artifactregistry.reader",
        "roles/artifactregistry.writer",
        "roles/iam.serviceAccountUser",
        "roles/storage.bucketViewer",
        "roles/storage.objectCreator",
        "roles/storage.objectUser",
        "roles/storage.objectViewer",
    }
    assert not personas.of("gcp:serviceaccount/key:Key")
    project = personas.of("gcp:projects/iAMMember:IAMMember")
    assert len(project) == 8 and all(g.inputs["role"].startswith(f"projects/{PROJECT}/roles/who_") for g in project)


def test_only_the_approver_approves_and_only_the_data_scientist_proposes(personas: Graph) -> None:
    roles = personas.of("gcp:projects/iAMCustomRole:IAMCustomRole")
    who = {
        p: {r.inputs["roleId"] for r in roles if p in r.inputs["permissions"]}
        for r in roles
        for p in r.inputs["permissions"]
    }
    assert who["aiplatform.models.update"] == {"who_approver"}
    assert who["aiplatform.models.upload"] == {"who_data_scientist"}
    assert who["aiplatform.batchPredictionJobs.create"] == who["aiplatform.pipelineJobs.create"] == {"who_pipeline"}
    assert who["workflows.executions.create"] == {"who_data_scientist", "who_hours", "who_pipeline"}
    assert who["aiplatform.endpoints.deploy"] == who["aiplatform.endpoints.undeploy"] == {"who_hours"}
    assert not [p for p in who if re.search(r"\*|[dD]elete|setIamPolicy|actAs|[kK]eys", p)]


def test_whoever_writes_writes_below_a_prefix_and_may_list_it(personas: Graph) -> None:
    writes = [
        g.inputs for g in personas.of("gcp:storage/bucketIAMMember:BucketIAMMember") if "User" in g.inputs["role"]
    ]
    assert {g["member"].partition("@")[0].partition("who-")[2] for g in writes} == {
        "",  # Vertex AI's agent, in a bucket of another project
        "batch",
        "data-scientist",
        "pipeline",
        "training",
    }
    for grant in writes:
        expression = grant["condition"]["expression"]
        assert f'resource.name.startsWith("projects/_/buckets/{grant["bucket"]}/objects/' in expression
        assert "objectListPrefix" in expression, "a list is asked of the bucket, so the object's name does not match it"


def test_while_a_version_bakes_the_old_artifact_stays_readable(personas: Graph) -> None:
    grants = personas.of("gcp:storage/bucketIAMMember:BucketIAMMember")
    version, read = [g.inputs for g in grants if "serving" in g.name]
    assert f"buckets/{PROJECT}-artifacts/objects/registry/ranker/" in version["condition"]["expression"]
    assert f"buckets/{PROJECT}-models/objects/scorer/" in read["condition"]["expression"]
    assert "scorer/1" not in read["condition"]["expression"], "all versions, not the one of today"


@pytest.fixture(scope="module")
def workbench() -> list[Any]:
    return list(one("ws", "Workspace").of("gcp:workbench/instance:Instance"))


def test_trap_an_idle_timer_works_with_guest_attributes_only(workbench: list[Any]) -> None:
    for instance in workbench:
        metadata = instance.inputs["gceSetup"]["metadata"]
        assert metadata["idle-timeout-seconds"] == "3600" and metadata["enable-guest-attributes"] == "true"


def test_trap_22622_an_update_of_workbench_metadata_loses_keys_so_there_is_none(workbench: list[Any]) -> None:
    assert all("gceSetup.metadata" in instance.options["ignoreChanges"] for instance in workbench)


def test_trap_up_does_not_start_an_instance_that_went_idle(workbench: list[Any]) -> None:
    for instance in workbench:
        assert "desiredState" not in instance.inputs and "desiredState" in instance.options["ignoreChanges"]


def test_an_instance_is_shielded_private_encrypted_and_its_owners_alone(workbench: list[Any]) -> None:
    assert {i.inputs["instanceOwners"][0] for i in workbench} == set(WORKSPACE.users.values())
    for instance in workbench:
        setup = instance.inputs["gceSetup"]
        assert setup["disablePublicIp"] is True and setup["serviceAccounts"] == [{"email": account("data-scientist")}]
        assert setup["shieldedInstanceConfig"] == {
            "enableSecureBoot": True,
            "enableVtpm": True,
            "enableIntegrityMonitoring": True,
        }
        for disk in (setup["bootDisk"], setup["dataDisks"]):
            assert (disk["diskEncryption"], disk["kmsKey"]) == ("CMEK", KEY)
        metadata = setup["metadata"]
        assert metadata["notebook-disable-root"] == metadata["notebook-disable-downloads"] == "true"
        assert instance.inputs["disableProxyAccess"] is False, "stated, for it is how people come in"


def test_a_person_may_use_their_own_instance_and_no_other() -> None:
    grants = one("ws", "Workspace").of("gcp:workbench/instanceIamMember:InstanceIamMember")
    assert {(g.inputs["name"], g.inputs["member"]) for g in grants} == {
        (f"ws-{user}", f"user:{user}@example.com") for user in WORKSPACE.users
    }


def test_images_keep_their_tags_and_the_registry_stays() -> None:
    graph = one("reg", "Registry")
    repository = graph.of("gcp:artifactregistry/repository:Repository")[0]
    assert repository.protect and repository.inputs["dockerConfig"] == {"immutableTags": True}
    assert repository.inputs["kmsKeyName"] == KEY and repository.inputs["cleanupPolicyDryRun"] is False
    assert {p["action"] for p in repository.inputs["cleanupPolicies"]} == {"DELETE", "KEEP"}
    bucket = graph.of("gcp:storage/bucket:Bucket")[0]
    assert bucket.protect and bucket.inputs["publicAccessPrevention"] == "enforced"
    assert bucket.inputs["uniformBucketLevelAccess"] is True and bucket.inputs["versioning"] == {"enabled": True}
    assert bucket.inputs["encryption"] == {"defaultKmsKeyName": KEY} and bucket.inputs["forceDestroy"] is False


def below(graph: Graph, urn: str) -> set[str]:
    """Everything that a resource waits for, directly or not."""
    seen: set[str] = set()
    waiting = [urn]
    while waiting:
        for other in graph.by_urn[waiting.pop()].dependencies:
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def test_trap_a_budget_takes_the_projects_number_and_no_label_that_people_forget() -> None:
    budget = inputs(one("spend", "Budget"), "gcp:billing/budget:Budget")
    assert "labels" not in budget["budgetFilter"]
    assert budget["budgetFilter"]["projects"] == [f"projects/{NUMBER}"]
    assert budget["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "2500", "nanos": 500_000_000}
    rules = {(rule["spendBasis"], rule["thresholdPercent"]) for rule in budget["thresholdRules"]}
    assert rules == {("CURRENT_SPEND", 0.5), ("CURRENT_SPEND", 0.8), ("CURRENT_SPEND", 1), ("FORECASTED_SPEND", 1)}


def test_every_call_is_recorded_and_nobody_can_take_the_record_away() -> None:
    graph = one("audit", "Audit")
    bucket = inputs(graph, "gcp:logging/projectBucketConfig:ProjectBucketConfig")
    assert bucket["locked"] is True and bucket["retentionDays"] == 365
    assert bucket["cmekSettings"] == {"kmsKeyName": LOGS_KEY}
    calls = inputs(graph, "gcp:projects/iAMAuditConfig:IAMAuditConfig")
    assert calls["service"] == "allServices"
    assert calls["auditLogConfigs"] == [{"logType": k} for k in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")]
    sink = inputs(graph, "gcp:logging/projectSink:ProjectSink")
    assert sink["destination"] == f"logging.googleapis.com/projects/{PROJECT}/locations/{REGION}/buckets/audit"
    left_out = "gcp:logging/projectExclusion:ProjectExclusion"
    assert all(r.protect for r in graph.cloud if r.type != left_out)
    in_default = set(sink["filter"].split(" OR ")) - set(inputs(graph, left_out)["filter"].split(" OR "))
    assert in_default == {f'log_id("cloudaudit.googleapis.com/{log}")' for log in ("activity", "system_event")}


def test_names_and_labels_are_legal() -> None:
    assert label("payments-risk@example.com") == "payments-risk_example_com"
    assert len(label("x" * 64)) == 63
    assert fitted("gcp-pilot-batch", 30) == "gcp-pilot-batch"
    long = [fitted(f"a-very-long-stack-name-{index}-data-scientist", 30) for index in range(2)]
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", name) for name in long) and long[0] != long[1]
    assert squeezed("Gcp-Pilot_Network", 20) == "gcppilotnetwork"


def refusal(make: Callable[[], object]) -> str:
    """The one sentence with which something is refused, whoever makes it in a program."""
    said: list[str] = []

    def program() -> None:
        with pytest.raises(BadArgument) as caught:
            make()
        said.append(str(caught.value))

    record(program, "test", "gcp", {})
    assert "\n" not in said[0]
    return said[0]


@pytest.mark.parametrize("cidr", ["10.40.0.0/29", "10.40.0.1/20", "10.40.0.0/33", "here"])
def test_a_network_that_is_none_or_too_small_for_a_subnet_and_an_endpoint_is_refused(cidr: str) -> None:
    said = refusal(lambda: Network("net", replace(NETWORK, cidr=cidr)))
    assert said == (
        f"NetworkArgs.cidr: found '{cidr}', allowed: an IPv4 network of 16 addresses or more, such as 10.40.0.0/20"
    )


@pytest.mark.parametrize("uri", ["gs://bucket", "gs://bucket/", "s3://bucket/folder/", "bucket/folder/"])
@pytest.mark.parametrize("field", ["artifact_uris", "input_uris", "output_uris"])
def test_a_persona_needs_no_whole_bucket_and_nothing_outside_of_cloud_storage(field: str, uri: str) -> None:
    said = refusal(lambda: Needs(**{field: ["gs://bucket/folder/", uri]}))
    assert said == f"Needs.{field}: found '{uri}', allowed: a folder such as gs://bucket/folder/"


@pytest.mark.parametrize(
    ("image", "where"),
    [
        (f"{REGION}-docker.pkg.dev/{PROJECT}/serving/scorer:1", (PROJECT, REGION, "serving")),
        (f"{REGION}-docker.pkg.dev/{PROJECT}/serving-too/scorer:1", (PROJECT, REGION, "serving-too")),
        (
            "europe-docker.pkg.dev/their-images/models/vllm/server:7",
            ("their-images", "europe", "models"),
        ),
        ("eu.gcr.io/their-images/scorer:1", ("their-images", "europe", "eu.gcr.io")),
        ("us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:1", None),
    ],
)
def test_the_repository_of_an_image_is_granted_wherever_it_is_and_vertex_ais_own_is_not(
    image: str, where: tuple[str, ...] | None
) -> None:
    identity = cast(IdentityArgs, EXAMPLES["Identity"])
    found = repositories(identity, [image, image])
    assert [(one.project, one.location, one.repository) for one in found] == ([where] if where else [])
    assert [one.name == "" for one in found] == ([image.startswith(f"{identity.own_images}/")] if where else [])


WITHOUT_STORAGE = {service: member for service, member in MEMBERS.items() if service != "storage"}
LACKS_STORAGE = "EncryptionArgs.agents: has no agent of storage; give the members of ServiceAgents, all of them"


def test_a_key_is_refused_where_a_service_that_needs_it_has_no_agent() -> None:
    args = EncryptionArgs(project=PROJECT, region=REGION, agents=WITHOUT_STORAGE, tags=TAGS)
    assert refusal(lambda: Encryption("key", args)) == LACKS_STORAGE


def test_a_key_is_refused_as_soon_as_it_is_known_that_a_service_has_no_agent() -> None:
    def program() -> None:
        agents = pulumi.Output.from_input(WITHOUT_STORAGE)
        provider = pulumi_gcp.Provider("gcp", project=PROJECT, region=REGION)
        args = EncryptionArgs(project=PROJECT, region=REGION, agents=agents, tags=TAGS)
        Encryption("key", args, pulumi.ResourceOptions(providers=[provider]))

    with pytest.raises(BadArgument, match=f"^{re.escape(LACKS_STORAGE)}$"):
        record(program, "test", "gcp", {})


def test_each_grant_on_a_key_waits_for_the_agent_of_its_own_service_and_no_other() -> None:
    def program() -> None:
        opts = pulumi.ResourceOptions(providers=[pulumi_gcp.Provider("gcp", project=PROJECT, region=REGION)])
        agents = ServiceAgents("agents", ServiceAgentsArgs(project=PROJECT, project_number=NUMBER), opts)
        args = EncryptionArgs(project=PROJECT, region=REGION, agents=agents.members, tags=TAGS)
        Encryption("key", args, opts)

    graph = record(program, "test", "gcp", {})
    (grant,) = [r for r in graph.cloud if r.name == "key-data-workflows"]
    waits = {graph.by_urn[urn].name for urn in below(graph, grant.urn)}
    assert {name for name in waits if name.startswith("agents-")} == {"agents-workflows", "agents-workflows-role"}


def test_the_words_of_a_networks_reach_name_every_domain_of_a_workspace() -> None:
    words = json.loads(cast(Any, Package("gcp")).schema)["resources"]["mlplatform-gcp:index:Network"]["inputProperties"]
    assert all(domain in words["reach"]["description"] for domain in REACH)


def test_the_approver_alone_adds_decisions_and_nobody_replaces_one(personas: Graph) -> None:
    grants = [g.inputs for g in personas.of("gcp:storage/bucketIAMMember:BucketIAMMember")]
    decisions = [g for g in grants if g["bucket"] == f"{PROJECT}-approvals"]
    who = {(g["member"].partition("@")[0].partition("who-")[2], g["role"].rpartition(".")[2]) for g in decisions}
    assert who == {("approver", "objectViewer"), ("approver", "objectCreator")}
    assert all('/objects/approvals/")' in g["condition"]["expression"] for g in decisions)
    versions = [g for g in grants if "/objects/registry/ranker/" in g.get("condition", {}).get("expression", "")]
    adds = {g["member"].partition("@")[0].partition("who-")[2] for g in versions if "Viewer" not in g["role"]}
    assert adds == {"publisher"}


def test_decisions_have_a_bucket_of_their_own_where_a_version_is_served() -> None:
    buckets = {bucket.name: bucket for bucket in one("reg", "Registry").of("gcp:storage/bucket:Bucket")}
    assert sorted(buckets) == ["reg-approvals", "reg-artifacts"] and all(one.protect for one in buckets.values())
    assert buckets["reg-approvals"].inputs["name"] == f"{PROJECT}-approvals"
