"""Each rule has one graph it passes, the pilot's, and one it catches: the pilot's with the thing it forbids."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.placement import Another, Placement
from operations.evaluation import evaluate
from policies import pack
from tests.mutate import changed, drop, dropped, put, swapped, with_a_long_file, without
from tests.policies.gcp.test_training_mounts import TRAINS
from tests.policies.test_inputs import CAUGHT as INPUTS
from tests.policies.test_org_policies import CAUGHT
from tests.rows import rows

Mutation = Callable[[Graph], Graph]


def setting(type_: str, path: str, value: Any, name: str = "") -> Mutation:
    """One property of the first resource of a type (whose name contains `name`) set to another value."""
    return lambda graph: changed(graph, first(graph, type_, name), lambda p: put(p, path, value))


def losing(type_: str, path: str, name: str = "") -> Mutation:
    """One property of the first resource of a type gone."""
    return lambda graph: dropped(graph, first(graph, type_, name), path)


def letting_in(**access: Any) -> Mutation:
    """An entry more in the access list of the first dataset."""
    return lambda graph: changed(graph, first(graph, DATASET), lambda p: p["accesses"].append(access))


def lacking(type_: str, name: str = "") -> Mutation:
    """The first resource of a type gone."""
    return lambda graph: without(graph, first(graph, type_, name))


def moved(type_: str, name: str, persona: str, key: str = "member") -> Mutation:
    """What names one persona names another, by its account's e-mail and by reference."""

    def mutate(graph: Graph) -> Graph:
        account = first(graph, "gcp:serviceaccount/account:Account", f"-identity-{persona}")
        email = f"{'serviceAccount:' if key == 'member' else ''}{account.outputs['email']}"
        graph = setting(type_, key, email, name)(graph)
        one = first(graph, type_, name)
        refers = {**one.property_dependencies, key: (account.urn,)}
        return swapped(graph, replace(one, property_dependencies=refers))

    return mutate


def lacking_every(type_: str) -> Mutation:
    """Every resource of a type gone."""
    return lambda graph: replace(graph, resources=tuple(r for r in graph.resources if r.type != type_))


def adding(type_: str, **inputs: Any) -> Mutation:
    """A resource more."""
    extra = Resource(urn=f"urn:pulumi:gcp-pilot::mlplatform::{type_}::extra", type=type_, name="extra", custom=True)
    return lambda graph: replace(graph, resources=(*graph.resources, replace(extra, inputs=inputs, outputs=inputs)))


def editing(edit: Callable[[Any], None]) -> Mutation:
    """What the first workflow runs, edited."""

    def mutate(graph: Graph) -> Graph:
        workflow = first(graph, WORKFLOW)
        source = json.loads(workflow.inputs["sourceContents"])
        edit(job(source))
        return changed(graph, workflow, lambda p: put(p, "sourceContents", json.dumps(source)))

    return mutate


def rewriting(old: str, new: str, type_: str = "gcp:workflows/workflow:Workflow", name: str = "") -> Mutation:
    """Text in the source of a workflow, or in the conditions of an alert, replaced."""

    def mutate(graph: Graph) -> Graph:
        resource = first(graph, type_, name)
        key = "sourceContents" if type_ == WORKFLOW else "conditions"
        text = json.dumps(resource.inputs[key])
        assert old in text, f"{old} is not in {resource.name}"
        return changed(graph, resource, lambda p: put(p, key, json.loads(text.replace(old, new))))

    return mutate


def ignoring_nothing(type_: str) -> Mutation:
    """The first resource of a type without its ignored changes."""
    return lambda graph: swapped(graph, replace(first(graph, type_), options={}))


def depending_on_nothing(type_: str, key: str, name: str = "") -> Mutation:
    """The first resource of a type with what a property refers to given as text."""

    def mutate(graph: Graph) -> Graph:
        resource = first(graph, type_, name)
        kept = {k: v for k, v in resource.property_dependencies.items() if k != key}
        return swapped(graph, replace(resource, property_dependencies=kept, dependencies=()))

    return mutate


def job(source: Any) -> Any:
    """The body of the batch prediction job somewhere in a workflow."""
    if isinstance(source, dict) and "dedicatedResources" in source:
        return cast(Any, source)
    items: list[Any] = list(cast(Any, source).values()) if isinstance(source, dict) else []
    items += cast(list[Any], source) if isinstance(source, list) else []
    return next((found for item in items if (found := job(item))), None)


def _granted_often(graph: Graph, times: int) -> Graph:
    """The first grant on a bucket under a condition, so often, each time on another folder."""
    grant = next(r for r in graph.of("gcp:storage/bucketIAMMember:BucketIAMMember") if r.inputs.get("condition"))
    more = tuple(replace(grant, urn=f"{grant.urn}-{n}", name=f"{grant.name}-{n}") for n in range(times))
    return replace(graph, resources=(*graph.resources, *more))


def granted_to(times: int) -> Mutation:
    """The first grant in the project, to so many principals."""

    def mutate(graph: Graph) -> Graph:
        grant = first(graph, "gcp:projects/iAMMember:IAMMember")
        names = [f"user:{n}@example.com" for n in range(times)]
        more = [replace(grant, urn=f"{grant.urn}-{name}", inputs={**grant.inputs, "member": name}) for name in names]
        return replace(graph, resources=(*graph.resources, *more))

    return mutate


def _below(prefix: str) -> str:
    """The condition of a grant on what the pilot keeps below a prefix."""
    bucket = "gcp-pilot-artifacts-payments-risk-pilot"
    return f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{prefix}")'


def first(graph: Graph, type_: str, name: str = "") -> Resource:
    return next(r for r in graph.resources if r.type == type_ and name in r.name)


VPC, SUBNET = "gcp:compute/network:Network", "gcp:compute/subnetwork:Subnetwork"
FIREWALL, ZONE, RECORD = (
    "gcp:compute/firewall:Firewall",
    "gcp:dns/managedZone:ManagedZone",
    "gcp:dns/recordSet:RecordSet",
)
APIS, ATTACHED = "gcp:compute/globalForwardingRule:GlobalForwardingRule", "gcp:compute/forwardingRule:ForwardingRule"
GLOBAL_ADDRESS, ADDRESS = "gcp:compute/globalAddress:GlobalAddress", "gcp:compute/address:Address"
WORKBENCH, SERVED = "gcp:workbench/instance:Instance", "gcp:vertex/aiEndpoint:AiEndpoint"
MODEL, DEPLOYMENT = "mlplatform:gcp:Model", "mlplatform:gcp:Deployment"
WORKFLOW, SCHEDULE = "gcp:workflows/workflow:Workflow", "gcp:cloudscheduler/job:Job"
KEY, KEY_GRANT = "gcp:kms/cryptoKey:CryptoKey", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
BUCKET, BUCKET_GRANT = "gcp:storage/bucket:Bucket", "gcp:storage/bucketIAMMember:BucketIAMMember"
REGISTERED = "gs://gcp-pilot-artifacts-payments-risk-pilot/registry/scorer/1/artifact/"
ACCOUNT = "gcp:serviceaccount/account:Account"
PROJECT_GRANT, ROLE = "gcp:projects/iAMMember:IAMMember", "gcp:projects/iAMCustomRole:IAMCustomRole"
ACT_AS, DATASET = "gcp:serviceaccount/iAMMember:IAMMember", "gcp:bigquery/dataset:Dataset"
IMAGE_GRANT = "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember"
REPOSITORY, BUDGET = "gcp:artifactregistry/repository:Repository", "gcp:billing/budget:Budget"
ALERT, CHANNEL = "gcp:monitoring/alertPolicy:AlertPolicy", "gcp:monitoring/notificationChannel:NotificationChannel"
EXCLUSION = "gcp:logging/projectExclusion:ProjectExclusion"
CALLS, SINK = "gcp:projects/iAMAuditConfig:IAMAuditConfig", "gcp:logging/projectSink:ProjectSink"
LOGS, PROVIDER = "gcp:logging/projectBucketConfig:ProjectBucketConfig", "pulumi:providers:gcp"
PROMQL = "conditions.0.conditionPrometheusQueryLanguage"
GOOGLE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
METADATA, PRIVATE = "gceSetup.metadata", "privateServiceConnectConfig"
ANYWHERE = ["0.0.0.0/0"]


def setting_more(type_: str, path: str, value: Any, name: str = "") -> Mutation:
    """A property more of the first resource of a type."""
    return lambda graph: changed(graph, first(graph, type_, name), lambda p: p.update({path: value}))


def holding(graph: Graph, permission: str, name: str = "") -> Graph:
    """The first role with a permission more."""
    return changed(graph, first(graph, ROLE, name), lambda p: p["permissions"].append(permission))


def also_for(type_: str, name: str, persona: str, **inputs: Any) -> Mutation:
    """A grant more, as the first of a type whose name contains `name`, to another persona."""

    def mutate(graph: Graph) -> Graph:
        grant, account = first(graph, type_, name), first(graph, ACCOUNT, persona)
        more = replace(
            grant,
            urn=f"{grant.urn}-{persona}",
            inputs={**grant.inputs, "member": account.outputs["member"], **inputs},
            property_dependencies={**grant.property_dependencies, "member": (account.urn,)},
        )
        return replace(graph, resources=(*graph.resources, more))

    return mutate


def asking_twice(graph: Graph) -> Graph:
    """An alert whose one condition asks for two things."""
    asked = {"filter": 'resource.type = "global"'}
    return changed(
        graph, first(graph, ALERT, "failed"), lambda p: p["conditions"][0].update({"conditionMatchedLog": asked})
    )


def beside(graph: Graph, type_: str, more: str) -> Graph:
    """A resource more in the component that makes the first of a type."""
    added = adding(more)(graph).resources[-1]
    return replace(graph, resources=(*graph.resources, replace(added, parent=first(graph, type_).parent)))


def using(graph: Graph, grant: str, agent: str) -> Graph:
    """A grant on a key to another agent."""
    member = f"serviceAccount:{agent}.iam.gserviceaccount.com"
    return changed(graph, first(graph, KEY_GRANT, grant), lambda p: p.update(member=member))


def led(graph: Graph, name: str, address: str) -> Graph:
    """A record more in the zone of Google's APIs."""
    one = first(graph, RECORD, "googleapis-com-a")
    said = {**one.inputs, "name": name, "rrdatas": [address]}
    more = replace(one, urn=f"{one.urn}-more", name="more", inputs=said, outputs={**one.outputs, **said, "id": "more"})
    return replace(graph, resources=(*graph.resources, more))


def renamed_role(graph: Graph) -> Graph:
    """A grant that was made with a role of the stack, and names one of another name."""
    grant = first(graph, PROJECT_GRANT, "approver")
    return changed(graph, grant, lambda p: p.update(role=f"{p['role']}_of_somebody_else"))


def leaving_out(graph: Graph, more: str) -> Graph:
    """More left out of the project's own log bucket."""
    return changed(graph, first(graph, EXCLUSION), lambda p: p.update(filter=f"{p['filter']} OR {more}"))


def sent(**execution: str) -> str:
    """The body of a schedule that starts a workflow."""
    return base64.b64encode(json.dumps(execution).encode()).decode()


def calling(call: str, **args: str) -> Mutation:
    """The first workflow with a call more at its begin."""

    def mutate(graph: Graph) -> Graph:
        workflow = first(graph, WORKFLOW)
        source = json.loads(workflow.inputs["sourceContents"])
        source["main"]["steps"].insert(0, {"more": {"call": call, "args": args, "result": "more"}})
        return changed(graph, workflow, lambda p: put(p, "sourceContents", json.dumps(source)))

    return mutate


def elsewhere(graph: Graph) -> Graph:
    """The same graph of another program, whose stack file nobody read."""
    return replace(graph, ours=False, placement=None)


def opened(graph: Graph) -> Graph:
    """A service beside the stack of a kind that the catalogue does not know, which answers the internet."""
    type_ = "gcp:cloudrunv2/service:Service"
    beside = Resource(
        f"{graph.resources[0].urn}-beside", type_, "beside", True, inputs={"ingress": "INGRESS_TRAFFIC_ALL"}
    )
    return replace(graph, resources=(*graph.resources, beside))


_SENT = base64.b64encode(b'{"argument": "{}", "api_key": "abcdefgh12"}').decode()


def giving(graph: Graph) -> Graph:
    """The stack file gives versions to another stack, and no grant lets its publisher in."""
    assert graph.placement is not None
    other = Another("gcp-test", "payments-risk-test", "gcp-test-publisher@payments-risk-test.iam.gserviceaccount.com")
    return replace(graph, placement=replace(graph.placement, gives_to=(other,)))


CATCHES: list[tuple[str, Mutation]] = [
    ("sizes-conditions", lambda graph: _granted_often(graph, 21)),
    (
        "sizes-condition",
        setting(
            BUCKET_GRANT,
            "condition.expression",
            " || ".join(f'resource.name.startsWith("projects/_/buckets/b/objects/{n}/")' for n in range(14)),
        ),
    ),
    ("network-no-internet-gateway", adding("gcp:compute/routerNat:RouterNat")),
    ("network-no-internet-gateway", adding("gcp:compute/networkPeering:NetworkPeering")),
    ("network-no-internet-route", adding("gcp:compute/route:Route", destRange="0.0.0.0/0")),
    ("network-no-internet-route", setting(VPC, "deleteDefaultRoutesOnCreate", False)),
    ("network-custom-mode", losing(VPC, "autoCreateSubnetworks")),
    ("network-no-public-address", adding(ADDRESS)),
    ("network-no-public-address", setting(ADDRESS, "addressType", "EXTERNAL")),
    ("network-no-public-address", losing(ATTACHED, "loadBalancingScheme")),
    ("network-subnet-private", setting(SUBNET, "privateIpGoogleAccess", False)),
    ("network-subnet-private", setting(SUBNET, "stackType", "IPV4_IPV6")),
    ("network-firewall-closed", adding(FIREWALL, direction="INGRESS", allows=[{"protocol": "tcp", "ports": ["22"]}])),
    ("network-firewall-closed", setting(FIREWALL, "destinationRanges", ANYWHERE, "https-to-google")),
    ("network-firewall-closed", setting(FIREWALL, "destinationRanges", ["10.0.0.0/8"], "https-to-google")),
    ("network-firewall-closed", setting(FIREWALL, "allows", [{"protocol": "all"}], "https-to-google")),
    (
        "network-firewall-closed",
        setting(FIREWALL, "allows", [{"protocol": "tcp", "ports": ["1-65535"]}], "https-to-google"),
    ),
    ("network-firewall-closed", losing(FIREWALL, "logConfig", "https-to-google")),
    ("network-firewall-closed", lambda g: changed(g, first(g, FIREWALL), lambda p: p.update(disabled=True))),
    ("network-default-denied", lacking(FIREWALL, "deny-out")),
    ("network-default-denied", lacking(FIREWALL, "deny-in")),
    ("network-default-denied", setting(FIREWALL, "denies", [{"protocol": "tcp"}], "deny-out")),
    ("network-default-denied", setting(FIREWALL, "priority", 1000, "deny-out")),
    ("network-firewall-closed", setting(FIREWALL, "destinationRanges", ["2600::/32"])),
    ("network-firewall-closed", setting(FIREWALL, "destinationRanges", ["8.8.8.8"])),
    ("network-firewall-closed", setting(FIREWALL, "destinationRanges", ["8.8.8.8/32"])),
    ("network-firewall-closed", setting(FIREWALL, "destinationRanges", ["10.99.0.7/32"])),
    ("network-flow-logs", losing(SUBNET, "logConfig")),
    ("network-flow-logs", setting(SUBNET, "logConfig.flowSampling", 0.5)),
    ("network-dns-logged", setting("gcp:dns/policy:Policy", "enableLogging", False)),
    ("network-dns-logged", adding("gcp:dns/policy:Policy", enableInboundForwarding=True)),
    ("network-workspace-vpc-only", setting(WORKBENCH, "gceSetup.disablePublicIp", False)),
    ("network-workspace-vpc-only", losing(WORKBENCH, "gceSetup.networkInterfaces")),
    ("network-workspace-vpc-only", setting(WORKBENCH, "gceSetup.enableIpForwarding", True)),
    ("network-endpoint-closed", setting(APIS, "target", "all-apis")),
    ("network-served-privately", setting(SERVED, f"{PRIVATE}.enablePrivateServiceConnect", False)),
    ("network-served-privately", setting(SERVED, f"{PRIVATE}.projectAllowlists", ["payments-risk-pilot", "another"])),
    ("network-served-privately", lambda g: changed(g, first(g, SERVED), lambda p: p.update(network="default"))),
    ("network-proof", lacking(ZONE, "notebooks-cloud")),
    ("network-endpoint-named", lacking(RECORD, "fraud-scorer-name")),
    ("network-endpoint-named", lacking(ZONE, "endpoint-names")),
    ("network-endpoint-named", setting(RECORD, "rrdatas", ["10.40.4.9"], "fraud-scorer-name")),
    ("network-endpoint-named", setting(RECORD, "name", "scorer.example.com.", "fraud-scorer-name")),
    ("network-way-in", lacking_every("gcp:workbench/instance:Instance")),
    (
        "network-way-in",
        setting("gcp:vertex/aiEndpoint:AiEndpoint", "privateServiceConnectConfig.projectAllowlists", ["others"]),
    ),
    ("network-proof", lacking(RECORD, "pkg-dev-cname")),
    ("network-proof", lacking(APIS)),
    ("network-proof", lacking(FIREWALL, "https-to-google")),
    ("network-proof", setting(ZONE, "dnsName", "example.com.")),
    ("network-proof", setting(RECORD, "rrdatas", ["199.36.153.4"], "googleapis-com-a")),
    ("network-proof", depending_on_nothing(ZONE, "privateVisibilityConfig", "googleapis-com")),
    ("network-endpoint-reached", lacking(ATTACHED)),
    ("network-endpoint-reached", lacking(FIREWALL, "fraud-scorer-https")),
    ("network-endpoint-reached", depending_on_nothing(ATTACHED, "target")),
    ("identity-no-wildcard", setting(BUCKET_GRANT, "role", "roles/owner")),
    ("identity-no-wildcard", setting(BUCKET_GRANT, "role", "roles/storage.objectAdmin")),
    ("identity-no-wildcard", setting(KEY_GRANT, "role", "roles/cloudkms.signerVerifier")),
    ("identity-no-public-member", setting(BUCKET_GRANT, "member", "allUsers")),
    ("identity-no-public-member", setting(PROJECT_GRANT, "member", "projectEditor:payments-risk-pilot")),
    ("identity-no-public-member", losing(DATASET, "accesses")),
    ("identity-no-public-member", setting(DATASET, "accesses.0.specialGroup", "allAuthenticatedUsers")),
    ("identity-known-members", setting(BUCKET_GRANT, "member", "serviceAccount:x@elsewhere.iam.gserviceaccount.com")),
    (
        "identity-known-members",
        setting("gcp:workbench/instanceIamMember:InstanceIamMember", "member", "user:eve@example.com"),
    ),
    ("identity-no-public-member", letting_in(view={"projectId": "theirs", "datasetId": "d", "tableId": "t"})),
    ("identity-no-public-member", letting_in(dataset={"dataset": {"projectId": "theirs"}, "targetTypes": ["VIEWS"]})),
    ("identity-no-public-member", letting_in(routine={"projectId": "theirs"})),
    ("identity-no-public-member", letting_in(role="READER", groupByEmail="all@example.com")),
    ("identity-known-members", letting_in(role="READER", userByEmail="x@elsewhere.iam.gserviceaccount.com")),
    ("identity-known-members", letting_in(role="READER", iamMember="user:eve@example.com")),
    ("identity-known-members", depending_on_nothing(PROJECT_GRANT, "member")),
    ("identity-no-authoritative", adding("gcp:projects/iAMPolicy:IAMPolicy")),
    ("identity-no-authoritative", adding("gcp:storage/bucketIAMBinding:BucketIAMBinding")),
    ("identity-project-grants", setting(PROJECT_GRANT, "role", "roles/aiplatform.user", "serving")),
    ("identity-project-grants", setting(PROJECT_GRANT, "role", "roles/aiplatform.serviceAgent", "serving")),
    ("identity-objects-bounded", losing(BUCKET_GRANT, "condition", "serving-reads")),
    ("identity-served-read-only", setting(BUCKET_GRANT, "role", "roles/storage.objectUser", "serving-reads")),
    ("identity-served-read-only", losing(BUCKET_GRANT, "condition", "batch-writes")),
    ("identity-served-read-only", setting(IMAGE_GRANT, "role", "roles/artifactregistry.writer", "serving-images")),
    ("identity-objects-bounded", losing(BUCKET_GRANT, "condition", "data-scientist-writes")),
    ("identity-objects-bounded", setting(BUCKET_GRANT, "condition.expression", "true", "batch-writes")),
    ("identity-objects-bounded", setting(BUCKET_GRANT, "bucket", "another", "batch-writes")),
    ("identity-trust", adding("gcp:serviceaccount/key:Key")),
    ("identity-trust", setting(ACT_AS, "role", "roles/iam.serviceAccountTokenCreator")),
    ("identity-pass-role", setting(PROJECT_GRANT, "role", "roles/iam.serviceAccountUser", "pipeline")),
    ("identity-pass-role", depending_on_nothing(ACT_AS, "serviceAccountId")),
    ("identity-guardrails", setting(ROLE, "permissions", ["aiplatform.endpoints.deploy"])),
    ("identity-guardrails", setting(ROLE, "permissions", ["iam.serviceAccounts.actAs"])),
    ("identity-guardrails", setting(ROLE, "permissions", ["aiplatform.models.upload", "aiplatform.models.update"])),
    ("identity-acts-where", rewriting("gcp-pilot-batch@", "gcp-pilot-pipeline@")),
    ("identity-acts-where", setting(IMAGE_GRANT, "role", "roles/artifactregistry.writer", "batch-images")),
    (
        "identity-acts-where",
        setting("gcp:serviceaccount/account:Account", "displayName", "gcp-pilot approver", "batch"),
    ),
    ("identity-folders", setting(BUCKET_GRANT, "condition.expression", _below("t"), "training-writes")),
    ("identity-folders", setting(BUCKET_GRANT, "condition.expression", _below("models/"), "training-writes")),
    ("identity-folders", setting(BUCKET_GRANT, "condition.expression", _below("data/"), "data-scientist-writes")),
    ("identity-folders", setting(BUCKET_GRANT, "role", "roles/storage.objectUser", "publisher-creates")),
    ("identity-run-as", losing(DEPLOYMENT, "serviceAccount")),
    ("identity-run-as", losing(WORKBENCH, "gceSetup.serviceAccounts")),
    ("identity-run-as", editing(lambda j: drop(j, "serviceAccount"))),
    (
        "identity-run-as",
        editing(lambda j: put(j, "serviceAccount", "889007300332-compute@developer.gserviceaccount.com")),
    ),
    ("identity-token-shown", setting(SCHEDULE, "httpTarget.uri", "https://example.com/collect")),
    ("identity-token-shown", rewriting("us-central1-aiplatform.googleapis.com", "example.com")),
    ("identity-pass-role", setting(ACT_AS, "member", "user:eve@example.com", "ana-signs-in")),
    ("identity-known-members", setting(ACT_AS, "member", "user:eve@example.com", "ana-signs-in")),
    ("identity-workspace-sign-in", lacking(ACT_AS, "ana-signs-in")),
    ("identity-workspace-sign-in", depending_on_nothing(ACT_AS, "serviceAccountId", "ana-signs-in")),
    ("identity-workspace-sign-in", setting(WORKBENCH, "instanceOwners", ["eve@example.com"])),
    ("identity-training-mounts", adding(WORKFLOW, sourceContents=TRAINS)),
    ("identity-image-readers", lacking(IMAGE_GRANT, "serving-images")),
    ("identity-image-readers", lacking(IMAGE_GRANT, "batch-images")),
    ("identity-image-readers", setting(MODEL, "image", "eu.gcr.io/their-images/scorer:3")),
    ("identity-image-readers", setting(IMAGE_GRANT, "location", "europe-west1", "serving-images")),
    ("identity-workspace-owner", setting(WORKBENCH, "instanceOwners", ["ana@example.com", "eve@example.com"])),
    ("identity-workspace-owner", losing(WORKBENCH, f"{METADATA}.notebook-disable-root")),
    ("identity-workspace-owner", setting(WORKBENCH, "gceSetup.shieldedInstanceConfig.enableSecureBoot", False)),
    ("encryption-customer-key", losing(BUCKET, "encryption")),
    (
        "encryption-customer-key",
        setting(
            BUCKET, "encryption.defaultKmsKeyName", "projects/theirs/locations/us-central1/keyRings/k/cryptoKeys/d"
        ),
    ),
    ("encryption-customer-key", losing(WORKBENCH, "gceSetup.dataDisks.kmsKey")),
    ("encryption-workspace-disks", setting(WORKBENCH, "gceSetup.dataDisks.diskEncryption", "GMEK")),
    ("encryption-workspace-disks", losing(WORKBENCH, "gceSetup.bootDisk.diskEncryption")),
    ("encryption-key-granted", lacking(KEY_GRANT, "data-storage")),
    ("encryption-key-granted", setting("gcp:projects/serviceIdentity:ServiceIdentity", "service", "ml.googleapis.com")),
    (
        "encryption-key-granted",
        lambda g: swapped(
            g,
            replace(
                first(g, BUCKET),
                dependencies=(first(g, KEY, "data").urn,),
                property_dependencies={"encryption": (first(g, KEY, "data").urn,)},
            ),
        ),
    ),
    ("encryption-key-granted", lacking("mlplatform:gcp:GrantsInForce", "key-in-force")),
    ("identity-roles-in-force", lacking("mlplatform:gcp:GrantsInForce", "identity-in-force")),
    ("encryption-key-granted", setting("mlplatform:gcp:GrantsInForce", "minutes", 1, "key-in-force")),
    ("identity-roles-in-force", setting("mlplatform:gcp:GrantsInForce", "minutes", 6, "identity-in-force")),
    ("encryption-key-users", setting(KEY_GRANT, "member", "user:ana@example.com")),
    ("encryption-key-users", depending_on_nothing(KEY_GRANT, "cryptoKeyId")),
    ("encryption-request-log", losing(SERVED, "predictRequestResponseLoggingConfig.bigqueryDestination")),
    ("limits-capture", setting(SERVED, "predictRequestResponseLoggingConfig.samplingRate", 0.26)),
    ("limits-capture", losing(SERVED, "predictRequestResponseLoggingConfig.samplingRate")),
    ("limits-capture", setting("gcp:bigquery/dataset:Dataset", "defaultTableExpirationMs", 91 * 86_400_000)),
    ("limits-capture", losing("gcp:bigquery/dataset:Dataset", "defaultPartitionExpirationMs")),
    ("encryption-batch", editing(lambda j: drop(j, "encryptionSpec"))),
    ("encryption-key", setting(KEY, "rotationPeriod", "31536000s")),
    ("encryption-key", setting(KEY, "rotationPeriod", "86400s")),
    ("encryption-key", losing(KEY, "destroyScheduledDuration")),
    ("encryption-bucket-public", setting(BUCKET, "publicAccessPrevention", "inherited")),
    ("encryption-bucket-settings", setting(BUCKET, "versioning.enabled", False)),
    ("encryption-bucket-settings", setting(BUCKET, "uniformBucketLevelAccess", False)),
    ("encryption-bucket-settings", setting(BUCKET, "forceDestroy", True)),
    ("cost-tags", losing(SERVED, "labels.team")),
    ("cost-tags", setting(SERVED, "labels.team", "somebody-else")),
    ("cost-tags", setting(SERVED, "labels.owner", "payments-risk@example.com")),
    ("cost-tags", losing(ALERT, "userLabels.owner")),
    ("kind-known", adding("gcp:cloudfunctionsv2/function:Function")),
    ("cost-batch-tags", editing(lambda j: drop(j, "labels.team"))),
    ("cost-budget", lacking(BUDGET)),
    ("cost-budget", setting(BUDGET, "amount.specifiedAmount.units", "1000000")),
    ("cost-budget", losing(BUDGET, "budgetFilter.projects")),
    ("cost-budget", setting(BUDGET, "budgetFilter.labels", {"team": "payments-risk"})),
    ("cost-budget", setting(BUDGET, "budgetFilter.services", ["services/24E6-581D-38E5"])),
    ("cost-budget", setting(BUDGET, "thresholdRules", [{"thresholdPercent": 1.0}])),
    ("cost-budget", losing(BUDGET, "allUpdatesRule")),
    ("cost-alerts-reach-owner", lacking(CHANNEL)),
    ("cost-alerts-reach-owner", losing(CHANNEL, "labels.email_address")),
    ("limits-replicas", setting(DEPLOYMENT, "maxReplicas", 40)),
    ("limits-replicas", setting(DEPLOYMENT, "maxReplicas", 0)),
    ("limits-replicas", losing(DEPLOYMENT, "maxReplicas")),
    ("limits-scaling-policy", setting(DEPLOYMENT, "minReplicas", 0)),
    ("limits-scaling-policy", losing(DEPLOYMENT, "scalingTarget")),
    ("limits-machine-types", setting(DEPLOYMENT, "machineType", "a3-highgpu-8g")),
    ("limits-workspace-machines", setting(WORKBENCH, "gceSetup.machineType", "a2-highgpu-1g")),
    ("limits-replicas", editing(lambda j: put(j, "dedicatedResources.maxReplicaCount", 50))),
    ("limits-replicas", editing(lambda j: drop(j, "dedicatedResources.maxReplicaCount"))),
    ("limits-machine-types", editing(lambda j: put(j, "dedicatedResources.machineSpec.machineType", "a3-highgpu-8g"))),
    ("quota-declared", setting(DEPLOYMENT, "maxReplicas", 6)),
    ("quota-declared", setting(WORKBENCH, "gceSetup.dataDisks.diskSizeGb", "151")),
    ("quota-declared", editing(lambda j: put(j, "dedicatedResources.maxReplicaCount", 50))),
    ("quota-undeclared", setting(DEPLOYMENT, "machineType", "c4-highcpu-2")),
    ("network-names-own", setting(RECORD, "rrdatas", ["203.0.113.9"], "googleapis-com-a")),
    ("network-names-own", setting(RECORD, "rrdatas", ["mallory.example.com."], "googleapis-com-cname")),
    ("network-names-own", lambda g: led(g, "storage.googleapis.com.", "203.0.113.9")),  # before the wildcard
    ("network-names-own", lambda g: led(g, "pkg.dev.", "10.40.15.254")),
    ("identity-known-members", lacking("gcp:projects/serviceIdentity:ServiceIdentity", "notebooks")),
    ("encryption-key-users", lambda g: using(g, "key-data-aiplatform", "cmek-p1@gcp-sa-logging")),
    ("encryption-key-users", lambda g: using(g, "key-logs-logging", "service-1@gcp-sa-workflows")),
    ("world-account", setting("mlplatform:gcp:GrantsInForce", "project", "mallory-pilot")),
    ("limits-region", setting(GOOGLE, "serviceDirectoryRegistrations.serviceDirectoryRegion", "europe-west1")),
    ("inputs-needed", losing(GOOGLE, "serviceDirectoryRegistrations")),  # us-central1, from anywhere
    ("inputs-needed", losing(GOOGLE, "serviceDirectoryRegistrations.serviceDirectoryRegion")),
    ("limits-region", setting(PROVIDER, "region", "europe-west1")),
    ("limits-account", losing(PROVIDER, "project")),
    ("limits-account", losing(DATASET, "location")),
    ("limits-region", setting(BUCKET, "location", "US")),
    (
        "world-region",
        setting("mlplatform:gcp:Model", "image", "us-docker.pkg.dev/payments-risk-pilot/serving/scorer:1"),
    ),
    ("world-region", setting("mlplatform:gcp:Model", "image", "us.gcr.io/payments-risk-pilot/scorer:1")),
    ("limits-zone", setting(WORKBENCH, "location", "europe-west1-b")),
    ("limits-zone", setting(WORKBENCH, "location", "us-central1-f")),  # which has no Workbench
    ("network-proof", setting(WORKBENCH, f"{METADATA}.disable-mixer", "false")),
    ("network-proof", losing(WORKBENCH, f"{METADATA}.disable-mixer")),
    ("limits-idle-shutdown", setting(WORKBENCH, f"{METADATA}.idle-timeout-seconds", "86400")),
    ("limits-idle-shutdown", losing(WORKBENCH, f"{METADATA}.idle-timeout-seconds")),
    ("limits-idle-shutdown", setting(WORKBENCH, f"{METADATA}.enable-guest-attributes", "false")),
    ("limits-idle-kept", ignoring_nothing(WORKBENCH)),
    ("limits-batch-time", rewriting("sys.now() + 7200", "sys.now() + 86400")),
    ("limits-batch-time", rewriting("sys.now() >= deadline", "false")),
    ("limits-batch-time", rewriting(":cancel", ":get")),
    ("limits-batch-time", rewriting("attempt >= 3", "attempt >= 300")),
    ("limits-stated", setting("mlplatform:gcp:Deployment", "maxReplicas", 9)),
    ("limits-replicas-fixed", setting(DEPLOYMENT, "machineType", "ct6e-standard-1t")),
    ("limits-schedule-region", setting(SCHEDULE, "region", "southamerica-west1")),
    ("limits-schedule-retries", losing(SCHEDULE, "retryConfig")),
    ("limits-schedule-retries", setting(SCHEDULE, "retryConfig.maxRetryDuration", "0s")),
    ("limits-retention", setting(LOGS, "retentionDays", 3650)),
    ("limits-stores-expire", losing(BUCKET, "lifecycleRules.0")),
    ("limits-stores-expire", setting(REPOSITORY, "cleanupPolicyDryRun", True)),
    (
        "limits-hours-kept",
        setting("mlplatform:gcp:Deployment", "hours", {"monday": "07:00-19:00", "timezone": "UTC"}),
    ),
    ("limits-retention", losing(DATASET, "defaultTableExpirationMs")),
    ("rollback-alarms", losing(DEPLOYMENT, "p95LatencyMs")),
    ("rollback-alarms", setting(DEPLOYMENT, "errorRatePercent", 0)),
    ("rollback-traffic", setting(DEPLOYMENT, "canaryPercent", 50)),
    ("rollback-traffic", setting(DEPLOYMENT, "bakeMinutes", 0)),
    ("rollback-canary-seen", setting(DEPLOYMENT, "bakeMinutes", 8)),
    ("rollback-canary-seen", setting(DEPLOYMENT, "errorRatePercent", 90)),
    ("rollback-endpoint-order", depending_on_nothing(DEPLOYMENT, "endpoint")),
    ("rollback-endpoint-order", depending_on_nothing(DEPLOYMENT, "model")),
    ("rollback-endpoint-order", ignoring_nothing(SERVED)),
    ("rollback-endpoint-order", losing(SERVED, "name")),
    ("rollback-endpoint-watched", lacking(ALERT, "p95-latency")),
    ("rollback-endpoint-watched", rewriting("REDUCE_PERCENTILE_95", "REDUCE_MEAN", ALERT, "p95-latency")),
    ("rollback-endpoint-watched", losing(ALERT, "conditions.1", "p95-latency")),
    ("rollback-endpoint-watched", rewriting("online/private", "online", ALERT, "fraud-scorer-errors")),
    ("rollback-idle-watched", rewriting("online_private_", "online_", ALERT, "idle")),
    ("rollback-alarm-heard", losing(ALERT, "notificationChannels")),
    ("rollback-alarm-heard", lambda g: changed(g, first(g, ALERT), lambda p: p.update(enabled=False))),
    ("rollback-alarm-dimensions", rewriting("endpoint_id", "location", ALERT, "fraud-scorer-errors")),
    ("rollback-alarm-dimensions", rewriting("gcp-pilot-fraud-scorer", "another", ALERT, "fraud-scorer-idle")),
    ("rollback-idle-watched", setting(ALERT, f"{PROMQL}.duration", "3600s", "idle")),
    ("rollback-idle-watched", losing(ALERT, f"{PROMQL}.duration", "idle")),
    ("rollback-idle-watched", rewriting("[2h]", "[1d]", ALERT, "idle")),
    ("rollback-idle-watched", lacking(ALERT, "idle")),
    ("rollback-idle-watched", rewriting(" or vector(0)", "", ALERT, "idle")),
    ("rollback-batch-watched", lacking(ALERT, "overran")),
    ("rollback-batch-watched", lacking(ALERT, "did-not-start")),
    ("audit-trail", lacking(CALLS)),
    ("audit-trail", losing(CALLS, "auditLogConfigs.1")),
    (
        "audit-trail",
        lambda g: changed(
            g, first(g, CALLS), lambda p: p["auditLogConfigs"][0].update(exemptedMembers=["user:eve@example.com"])
        ),
    ),
    ("audit-logs-kept", lacking(SINK)),
    ("audit-logs-kept", setting(SINK, "filter", 'log_id("cloudaudit.googleapis.com/activity")')),
    ("audit-logs-kept", lambda g: replace(g, placement=replace(cast(Placement, g.placement), environment="prod"))),
    *(
        ("audit-logs-kept", lambda g, more=more: leaving_out(g, more))
        for more in ("severity>=DEFAULT", 'log_id("cloudbuild")', 'resource.type="aiplatform.googleapis.com/Endpoint"')
    ),
    ("audit-logs-once", lacking(EXCLUSION)),
    ("audit-logs-once", setting(EXCLUSION, "disabled", True)),
    ("audit-logs-once", setting(EXCLUSION, "filter", 'log_id("cloudaudit.googleapis.com/data_access")')),
    ("audit-predictions-logged", setting(DEPLOYMENT, "accessLogging", False)),
    ("audit-state-protected", lambda g: swapped(g, replace(first(g, BUCKET), protect=False))),
    ("audit-state-protected", lambda g: swapped(g, replace(first(g, SERVED), protect=True))),
    ("audit-repository-immutable", setting(REPOSITORY, "dockerConfig.immutableTags", False)),
    ("audit-repository-immutable", setting(REPOSITORY, "vulnerabilityScanningConfig.enablementConfig", "DISABLED")),
    ("audit-images-pinned", setting(MODEL, "image", "us-central1-docker.pkg.dev/p/r/fraud-scorer:latest")),
    ("audit-images-pinned", setting(MODEL, "image", "us-central1-docker.pkg.dev/p/r/fraud-scorer")),
    ("sizes-config", with_a_long_file),
    ("sizes-name", setting(BUCKET, "name", "Upper")),
    ("sizes-name", setting("gcp:serviceaccount/account:Account", "accountId", "x" * 31)),
    ("sizes-principals", granted_to(1_501)),
    ("identity-persona-tasks", setting(BUCKET_GRANT, "role", "roles/storage.objectViewer", "training-sees")),
    ("sizes-document", rewriting("next_attempt", "n" * 128 * 1024)),
    ("sizes-document", rewriting("job.state", "job." + "s" * 400)),
    ("sizes-document", setting(WORKFLOW, "description", "d" * 1_001)),
    ("identity-registries", setting(MODEL, "image", "us-central1-docker.pkg.dev/other/r/fraud-scorer:1")),
    ("identity-registries", setting(MODEL, "image", "gcr.io/other/fraud-scorer:1")),
    ("world-account", setting(VPC, "project", "somebody-elses")),
    ("world-account", setting(PROVIDER, "billingProject", "somebody-elses")),
    ("world-account", setting(BUDGET, "budgetFilter.projects", ["projects/999988887777"])),
    (
        "world-account",
        setting(KEY_GRANT, "member", "serviceAccount:service-999988887777@gcp-sa-aiplatform.iam.gserviceaccount.com"),
    ),
    ("world-account", letting_in(role="READER", userByEmail="x@elsewhere.iam.gserviceaccount.com")),
    ("world-region", setting("gcp:workbench/instanceIamMember:InstanceIamMember", "location", "asia-east1-a")),
    ("world-region", rewriting("https://us-central1-aiplatform", "https://asia-east1-aiplatform")),
    ("world-place", setting(BUCKET_GRANT, "bucket", "somebody-elses")),
    ("world-place", editing(lambda job: put(job, "inputConfig.gcsSource.uris", ["gs://somebody-elses/*"]))),
    ("world-place", setting(MODEL, "artifactUri", "gs://somebody-elses/models/1/")),
    ("identity-foreign-images", setting(IMAGE_GRANT, "repository", "somebody-elses")),
    ("identity-foreign-images", setting(IMAGE_GRANT, "location", "asia-east1")),
    ("data-batch-own", editing(lambda job: put(job, "model", f"{job['model']}0"))),
    ("data-batch-own", editing(lambda job: drop(job, "inputConfig"))),
    *(
        ("data-batch-own", editing(lambda job, uri=uri: put(job, "inputConfig.gcsSource.uris.0", uri)))
        for uri in (
            "gs://gcp-pilot-artifacts-payments-risk-pilot/batch/*",
            "gs://gcp-pilot-artifacts-payments-risk-pilot/*",
            "gs://gcp-pilot-artifacts-payments-risk-pilot/batch/document-embedder/last/*",
        )
    ),
    ("limits-batch-started", lacking(SCHEDULE)),
    ("identity-starts-own", setting(SCHEDULE, "httpTarget.uri", "https://workflows.googleapis.com/v1/x")),
    ("limits-batch-whole", rewriting('\\"next\\": \\"poll\\"', '\\"next\\": \\"nowhere\\"')),
    ("limits-batch-whole", rewriting('\\"type\\": \\"OAuth2\\"', '\\"type\\": \\"\\"')),
    ("limits-batch-whole", rewriting('\\"seconds\\": 60', '\\"seconds\\": 0')),
    ("limits-batch-whole", rewriting("${job_name}", "${jobname}")),
    ("rollback-batch-watched", rewriting('\\"event\\": \\"overran\\"', '\\"event\\": \\"late\\"')),
    ("rollback-alarm-bound", setting(ALERT, "conditions.0.conditionThreshold.thresholdValue", 250_000, "latency")),
    ("rollback-alarm-bound", setting(ALERT, "conditions.1.conditionThreshold.thresholdValue", 0.5, "errors")),
    ("rollback-alarm-heard", asking_twice),
    ("cost-alerts-reach-owner", setting(CHANNEL, "labels.email_address", "mallory@example.com")),
    ("identity-permissions", lambda g: holding(g, "secretmanager.versions.access")),
    ("identity-permissions", lambda g: holding(g, "aiplatform.endpoints.predict", "approver")),
    ("identity-permissions", setting(ROLE, "permissions", [])),
    ("identity-permissions", also_for(PROJECT_GRANT, "data-scientist-project", "approver")),
    ("identity-acts-where", also_for(IMAGE_GRANT, "serving-images", "caller")),
    ("identity-objects-bounded", also_for(BUCKET_GRANT, "serving-reads", "caller")),
    ("encryption-key-users", lambda g: using(g, "key-data-aiplatform", "service-1@gcp-sa-pubsub")),
    ("identity-tasks-allowed", setting(ROLE, "permissions", ["aiplatform.models.get"], "approver")),
    ("identity-tasks-allowed", lacking("gcp:workbench/instanceIamMember:InstanceIamMember")),
    # A grant that is moved from one persona to another, and a role that is another's.
    (
        "identity-persona-tasks",
        moved(BUCKET_GRANT, "serving-reads-gcp-pilot-artifacts-payments-risk-pilot-models-mlp", "caller"),
    ),
    ("identity-persona-tasks", moved(BUCKET_GRANT, "data-scientist-reads", "caller")),
    ("identity-persona-tasks", moved(IMAGE_GRANT, "training-images", "approver")),
    ("identity-persona-tasks", lacking(BUCKET_GRANT, "batch-writes")),
    ("identity-acts-where", moved(MODEL, "fraud-scorer-model", "batch", "serviceAccount")),
    ("identity-acts-where", moved(MODEL, "backfill-batch-model", "serving", "serviceAccount")),
    ("secrets-in-plain", setting_more(MODEL, "environment", {"DB_PASSWORD": "correct-horse-9"})),
    ("secrets-in-plain", editing(lambda job: put(job, "labels.team", "AIza" + "a" * 35))),
    ("secrets-in-plain", setting(SCHEDULE, "httpTarget.body", _SENT)),
    ("unasked", adding("gcp:compute/instance:Instance")),
    ("unasked", adding("gcp:serviceaccount/account:Account", accountId="mallory")),
    ("unasked", lambda g: beside(g, BUCKET, BUCKET)),
    ("unasked", lambda g: beside(g, WORKFLOW, "gcp:serviceaccount/key:Key")),
    ("network-subnet-private", setting(SUBNET, "ipCidrRange", "198.51.100.0/24")),
    ("network-subnet-private", setting(SUBNET, "ipCidrRange", "0.0.0.0/1")),
    ("network-default-denied", setting_more(FIREWALL, "sourceRanges", ["10.0.0.0/8"], "deny-out")),
    ("network-firewall-closed", setting_more(FIREWALL, "denies", [{"protocol": "udp"}], "https-to-google")),
    ("identity-no-wildcard", renamed_role),
    ("identity-no-public-member", letting_in(role="READER")),
    ("limits-stores-expire", setting(BUCKET, "lifecycleRules.0.condition", {"age": 1})),
    ("limits-stores-expire", setting(BUCKET, "lifecycleRules.0.condition.withState", "LIVE")),
    ("limits-stores-expire", setting(BUCKET, "lifecycleRules.2.condition.matchesPrefixes", ["models/"])),
    ("limits-stores-expire", setting(BUCKET, "lifecycleRules.2.condition.matchesPrefixes.1", "data/transactions/")),
    ("limits-stores-expire", setting(BUCKET, "lifecycleRules.2.condition.matchesPrefixes", [])),
    ("experiments-own", adding("gcp:vertex/aiTensorboard:AiTensorboard", region="europe-west4")),
    ("registry-shared", giving),
    ("registry-approved", setting(MODEL, "artifactUri", REGISTERED)),
    (
        "registry-kept",
        lambda g: setting(BUCKET, "lifecycleRules.2.condition.matchesPrefixes", ["registry/"])(
            setting(MODEL, "artifactUri", REGISTERED)(g)
        ),
    ),
    ("limits-outputs-expire", losing(BUCKET, "lifecycleRules.2")),
    ("limits-outputs-expire", losing(BUCKET, "lifecycleRules.2.condition.matchesPrefixes.0")),
    ("limits-outputs-expire", setting(BUCKET, "lifecycleRules.2.condition.age", 3_651)),
    ("limits-outputs-expire", setting(BUCKET, "lifecycleRules.2.condition.numNewerVersions", 3)),
    ("limits-stores-expire", setting(BUCKET, "lifecycleRules.1.condition.age", 7_000)),
    ("limits-stores-expire", setting(BUCKET, "lifecycleRules.0.action.type", "SetStorageClass")),
    ("limits-stores-expire", losing(REPOSITORY, "cleanupPolicies.0.condition")),
    ("limits-stores-expire", setting(REPOSITORY, "cleanupPolicies.1.mostRecentVersions.keepCount", 1)),
    ("limits-account", losing(VPC, "project")),
    ("audit-logs-kept", setting(LOGS, "locked", True)),
    ("identity-written-places", setting(BUCKET_GRANT, "bucket", "claims-artifacts", "writes")),
    ("network-default-denied", setting(FIREWALL, "destinationRanges", [*ANYWHERE, "10.0.0.0/8"], "deny-out")),
    ("limits-schedule-times", setting(SCHEDULE, "schedule", "* * * * *")),
    ("limits-schedule-times", setting(SCHEDULE, "schedule", "30 * * * *")),
    ("limits-schedule-times", setting(SCHEDULE, "schedule", "0 0 31 2 *")),
    ("limits-schedule-times", setting(SCHEDULE, "timeZone", "Mars/Phobos")),
    ("identity-starts-own", setting(SCHEDULE, "httpTarget.body", sent(argument="{}", callLogLevel="LOG_NONE"))),
    ("identity-starts-own", setting(SCHEDULE, "httpTarget.body", sent(argument='{"wanted": "off"}'))),
    ("identity-starts-own", setting(SCHEDULE, "httpTarget.body", "no base64")),
    ("world-containers", setting_more(MODEL, "command", ["sh", "-c", "curl https://mallory.example.com"])),
    ("world-containers", setting_more(MODEL, "environment", {"HTTPS_PROXY": "mallory.example.com:3128"})),
    ("world-containers", editing(lambda job: job.update(unmanagedContainerModel={"containerSpec": {"args": ["x"]}}))),
    ("limits-batch-whole", editing(lambda job: job.update(disableContainerLogging=True))),
    ("identity-calls-known", calling("http.get", url="https://storage.googleapis.com/storage/v1/b/x/o")),
    ("identity-calls-known", calling("googleapis.storage.v1.objects.list", bucket="mallory")),
    ("world-place", calling("http.get", url="https://storage.googleapis.com/storage/v1/b/mallory/o")),
    ("world-elsewhere", elsewhere),
    ("kind-closed", opened),
    ("rollback-alarm-means", rewriting('!= \\"SUCCEEDED', '= \\"SUCCEEDED', ALERT, "failed")),
]


def test_each_thing_that_another_program_names_is_told_once(gcp_pilot: Graph) -> None:
    (rule,) = (one for one in pack.RULES["gcp"] if one.name == "world-elsewhere")
    told = [finding.message for finding in evaluate(elsewhere(gcp_pilot), [rule]).findings]
    assert sum("payments-risk@example.com at labels.email_address" in one for one in told) == 1
    assert sum("payments-risk-pilot-data" in one for one in told) == 1
    assert not rule.mandatory and not evaluate(gcp_pilot, [rule]).findings


def test_a_subnet_of_proxies_is_asked_for_no_flow_logs(gcp_pilot: Graph) -> None:
    proxies = losing(SUBNET, "logConfig")(losing(SUBNET, "privateIpGoogleAccess")(gcp_pilot))
    rules = [one for one in pack.RULES["gcp"] if one.name in ("network-flow-logs", "network-subnet-private")]
    assert len({finding.rule for finding in evaluate(proxies, rules).findings}) == 2
    purpose = setting_more(SUBNET, "purpose", "REGIONAL_MANAGED_PROXY")
    assert not evaluate(purpose(proxies), rules).findings


@rows(("rule", "mutation"), CATCHES, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(CATCHES)])
def test_rule_catches_what_it_forbids(gcp_pilot: Graph, rule: str, mutation: Mutation) -> None:
    asked = [one for one in pack.RULES["gcp"] if one.name == rule]
    findings = evaluate(mutation(gcp_pilot), asked).findings
    assert findings, f"{rule} did not notice"
    assert all(f.remedy and f.message and len(f.message) < 300 for f in findings)


def test_every_rule_has_a_graph_that_it_catches() -> None:
    assert {rule.name for rule in pack.RULES["gcp"]} == {rule for rule, _ in CATCHES} | CAUGHT["gcp"] | INPUTS


def test_rules_have_names_of_their_own_severity_and_remedy() -> None:
    names = [rule.name for rule in pack.RULES["gcp"]]
    assert len(names) == len(set(names))
    assert all(rule.severity and rule.remedy and rule.says.endswith(".") for rule in pack.RULES["gcp"])


def test_findings_point_at_the_line_that_made_the_resource(gcp_pilot: Graph) -> None:
    finding, *_ = evaluate(setting(SUBNET, "privateIpGoogleAccess", False)(gcp_pilot), pack.RULES["gcp"]).findings
    assert finding.place is not None and finding.place.file == "components/gcp/network.py"
