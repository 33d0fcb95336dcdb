"""The simulated Google Cloud: what each resource type answers, with ids and links of the shape Google gives them.

Shapes: the ids are the resource names of each API, as pulumi-gcp documents them under "Import"; self links are the
Compute API's addresses. Names that are left out are made the way pulumi-gcp makes them.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.behaviour import EVERYTHING, Behaviour, Changer, Ref
from sandbox.cloud import Lookup, Made, Maker, Request

_COMPUTE = "https://www.googleapis.com/compute/v1/"
_PROVISIONED = {"goog-pulumi-provisioned": "true"}


def project_number(project: str) -> str:
    """The twelve digits of a project, which are its own and the same in every run."""
    return _digits(Request("", f"project:{project}", "", {}, project, ""), 12)


def _digits(request: Request, length: int) -> str:
    """Decimal digits, none of them leading zero, that are this resource's own."""
    return str(int(request.hex(32), 16) % (9 * 10 ** (length - 1)) + 10 ** (length - 1))


def _words(request: Request) -> dict[str, str]:
    given = {key: str(value) for key, value in request.inputs.items() if isinstance(value, str)}
    return {
        **given,
        "project": str(request.inputs.get("project") or request.account),
        "region": str(request.inputs.get("region") or request.region),
        "location": str(request.inputs.get("location") or request.region),
        "number": project_number(request.account),
        "digits": _digits(request, 19),
        "hex": request.hex(16),
    }


def _named(id_: str, key: str = "name", link: bool = False, **more: str) -> Maker:
    """A resource with a name, given or made, whose id is a resource name. `more` outputs may use the same words."""

    def make(request: Request) -> Made:
        words = _words(request) | {key: request.physical_name(key)}
        words["id"] = id_.format(**words)
        outputs: dict[str, Any] = {key: words[key], **{field: value.format(**words) for field, value in more.items()}}
        if link:
            outputs["selfLink"] = _COMPUTE + words["id"]
        if "labels" in request.inputs:
            outputs["effectiveLabels"] = {**request.inputs["labels"], **_PROVISIONED}
        return Made(words["id"], outputs)

    return make


def _numbered(id_: str, **more: str) -> Maker:
    """A resource that Google names by a number of its own: its name is its id."""

    def make(request: Request) -> Made:
        words = _words(request)
        words["id"] = id_.format(**words)
        return Made(words["id"], {"name": words["id"], **{k: v.format(**words) for k, v in more.items()}})

    return make


def _grant(of: str) -> Maker:
    """One member of a policy: its id is what the grant is on, the role, the member and the condition's title."""

    def make(request: Request) -> Made:
        words = _words(request)
        condition: Mapping[str, Any] = request.inputs.get("condition") or {}
        parts = [of.format(**words), words["role"], words["member"], str(condition.get("title", ""))]
        return Made("/".join(part for part in parts if part), {"etag": f"BwY{request.hex(8)}="})

    return make


def _service_identity(request: Request) -> Made:
    words = _words(request)
    service = str(request.inputs["service"]).partition(".")[0]
    email = f"service-{words['number']}@gcp-sa-{service}.iam.gserviceaccount.com"
    id_ = f"projects/{words['project']}/services/{request.inputs['service']}"
    return Made(id_, {"email": email, "member": f"serviceAccount:{email}"})


def _account(request: Request) -> Made:
    words = _words(request)
    email = f"{words['accountId']}@{words['project']}.iam.gserviceaccount.com"
    name = f"projects/{words['project']}/serviceAccounts/{email}"
    unique = _digits(request, 21)
    return Made(name, {"name": name, "email": email, "member": f"serviceAccount:{email}", "uniqueId": unique})


def _custom_role(request: Request) -> Made:
    words = _words(request)
    name = f"projects/{words['project']}/roles/{words['roleId']}"
    return Made(name, {"name": name, "deleted": False})


def _address(request: Request) -> Made:
    """An address in a subnet: one of its own, in the upper half of 10.40.0.0/21, which is the pilot's subnet."""
    made = _named("projects/{project}/regions/{region}/addresses/{name}", link=True)(request)
    low = int(request.hex(4), 16)
    return Made(made.id, {"address": f"10.40.{4 + low % 4}.{2 + low // 4 % 250}", **made.outputs})


def _record(request: Request) -> Made:
    words = _words(request)
    zone = words["managedZone"]
    return Made(f"projects/{words['project']}/managedZones/{zone}/rrsets/{words['name']}/{words['type']}", {})


def _model(request: Request) -> Made:
    words = _words(request)
    name = f"projects/{words['project']}/locations/{words['location']}/models/{words['modelId']}"
    return Made(name, {"resourceName": name, "versionId": "1", "versionName": f"{name}@1"})


def _deployment(request: Request) -> Made:
    words = _words(request)
    deployed = _digits(request, 9)
    attachment = f"projects/{request.hex(12)}-tp/regions/{words['location']}/serviceAttachments/sa-{request.hex(24)}"
    return Made(f"{words['endpoint']}/{deployed}", {"deployedModelId": deployed, "serviceAttachment": attachment})


def _provider(request: Request) -> Made:
    digits = request.hex(32)
    return Made(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}", {})


_IN_PROJECT, _IN_PLACE = "projects/{project}", "projects/{project}/locations/{location}"
_GLOBAL, _REGIONAL = "projects/{project}/global", "projects/{project}/regions/{region}"

MAKERS: Mapping[str, Maker] = {
    "pulumi:providers:gcp": _provider,
    "pulumi:providers:mlplatform": _provider,
    "gcp:artifactregistry/repository:Repository": _named(
        _IN_PLACE + "/repositories/{repositoryId}",
        key="repositoryId",
        name="{repositoryId}",
        registryUri="{location}-docker.pkg.dev/{project}/{repositoryId}",
    ),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": _grant(_IN_PLACE + "/repositories/{repository}"),
    "gcp:bigquery/dataset:Dataset": _named(
        _IN_PROJECT + "/datasets/{datasetId}",
        key="datasetId",
        selfLink="https://bigquery.googleapis.com/bigquery/v2/projects/{project}/datasets/{datasetId}",
    ),
    "gcp:billing/budget:Budget": _numbered("billingAccounts/{billingAccount}/budgets/{hex}"),
    "gcp:cloudscheduler/job:Job": _named(_IN_PROJECT + "/locations/{region}/jobs/{name}", state="ENABLED"),
    "gcp:compute/address:Address": _address,
    "gcp:compute/firewall:Firewall": _named(_GLOBAL + "/firewalls/{name}", link=True),
    "gcp:compute/forwardingRule:ForwardingRule": _named(
        _REGIONAL + "/forwardingRules/{name}", link=True, pscConnectionId="{digits}", pscConnectionStatus="ACCEPTED"
    ),
    "gcp:compute/globalAddress:GlobalAddress": _named(_GLOBAL + "/addresses/{name}", link=True),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": _named(
        _GLOBAL + "/forwardingRules/{name}", link=True, pscConnectionId="{digits}", pscConnectionStatus="ACCEPTED"
    ),
    "gcp:compute/network:Network": _named(_GLOBAL + "/networks/{name}", link=True, numericId="{digits}"),
    "gcp:compute/subnetwork:Subnetwork": _named(_REGIONAL + "/subnetworks/{name}", link=True),
    "gcp:dns/managedZone:ManagedZone": _named(_IN_PROJECT + "/managedZones/{name}", managedZoneId="{digits}"),
    "gcp:dns/policy:Policy": _named(_IN_PROJECT + "/policies/{name}"),
    "gcp:dns/recordSet:RecordSet": _record,
    "gcp:kms/cryptoKey:CryptoKey": _named("{keyRing}/cryptoKeys/{name}"),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": _grant("{cryptoKeyId}"),
    "gcp:kms/keyRing:KeyRing": _named(_IN_PLACE + "/keyRings/{name}"),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": _named(
        _IN_PLACE + "/buckets/{bucketId}",
        key="bucketId",
        name=_IN_PLACE + "/buckets/{bucketId}",
        lifecycleState="ACTIVE",
    ),
    "gcp:logging/projectSink:ProjectSink": _named(
        _IN_PROJECT + "/sinks/{name}",
        writerIdentity="serviceAccount:service-{number}@gcp-sa-logging.iam.gserviceaccount.com",
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": _numbered(_IN_PROJECT + "/alertPolicies/{digits}"),
    "gcp:monitoring/notificationChannel:NotificationChannel": _numbered(_IN_PROJECT + "/notificationChannels/{digits}"),
    "gcp:projects/iAMAuditConfig:IAMAuditConfig": lambda request: Made(
        f"{_words(request)['project']}/audit_config/{request.inputs['service']}", {"etag": f"BwY{request.hex(8)}="}
    ),
    "gcp:projects/iAMCustomRole:IAMCustomRole": _custom_role,
    "gcp:projects/iAMMember:IAMMember": _grant("{project}"),
    "gcp:projects/serviceIdentity:ServiceIdentity": _service_identity,
    "gcp:serviceaccount/account:Account": _account,
    "gcp:serviceaccount/iAMMember:IAMMember": _grant("{serviceAccountId}"),
    "gcp:storage/bucket:Bucket": _named(
        "{name}", url="gs://{name}", selfLink="https://www.googleapis.com/storage/v1/b/{name}"
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": _grant("b/{bucket}"),
    "gcp:vertex/aiEndpoint:AiEndpoint": _named(_IN_PLACE + "/endpoints/{name}"),
    "gcp:workbench/instance:Instance": _named(
        _IN_PLACE + "/instances/{name}",
        proxyUri="{hex}-dot-{region}.notebooks.googleusercontent.com",
        state="ACTIVE",
    ),
    "gcp:workbench/instanceIamMember:InstanceIamMember": _grant(_IN_PLACE + "/instances/{name}"),
    "gcp:workflows/workflow:Workflow": _named(
        _IN_PROJECT + "/locations/{region}/workflows/{name}", revisionId="000001-{hex}", state="ACTIVE"
    ),
    "mlplatform:gcp:Deployment": _deployment,
    "mlplatform:gcp:Model": _model,
}


def _project(args: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
    """A project of an organization, with a billing account."""
    return {
        "id": f"projects/{account}",
        "projectId": account,
        "name": account,
        "number": project_number(account),
        "billingAccount": "000000-AAAAAA-BBBBBB",
        "orgId": "123456789012",
        "folderId": "",
        "labels": {},
        "effectiveLabels": {},
        "pulumiLabels": {},
        "tags": {},
        "autoCreateNetwork": False,
        "deletionPolicy": "PREVENT",
    }


def _agent(key: str, email: str) -> Lookup:
    """A service agent that a look-up makes, its address under `key`."""

    def look_up(args: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
        address = email.format(number=project_number(account))
        return {
            "id": address,
            "project": account,
            key: address,
            "member": f"serviceAccount:{address}",
        }

    return look_up


def _cmek_settings(args: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
    return {
        "id": f"projects/{account}/cmekSettings",
        "name": f"projects/{account}/cmekSettings",
        "project": account,
        "kmsKeyName": "",
        "kmsKeyVersionName": "",
        "serviceAccountId": f"cmek-p{project_number(account)}@gcp-sa-logging.iam.gserviceaccount.com",
    }


LOOKUPS: Mapping[str, Lookup] = {
    "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": _agent(
        "email", "bq-{number}@bigquery-encryption.iam.gserviceaccount.com"
    ),
    "gcp:logging/getProjectCmekSettings:getProjectCmekSettings": _cmek_settings,
    "gcp:organizations/getProject:getProject": _project,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _agent(
        "emailAddress", "service-{number}@gs-project-accounts.iam.gserviceaccount.com"
    ),
}

CHANGERS: Mapping[str, Changer] = {}
"""None: canaries are our own provider's, and rest/ knows what they do."""


_NETWORKS = ("gcp:compute/network:Network",)
_SUBNETWORKS = ("gcp:compute/subnetwork:Subnetwork",)
_ADDRESSES = ("gcp:compute/address:Address", "gcp:compute/globalAddress:GlobalAddress")
_CRYPTO_KEYS = ("gcp:kms/cryptoKey:CryptoKey",)
_ACCOUNTS = ("gcp:serviceaccount/account:Account",)
_CHANNELS = ("gcp:monitoring/notificationChannel:NotificationChannel",)
_RFC1035 = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
_OWN_ACCOUNT = r"[^@]+@{account}\.iam\.gserviceaccount\.com"
_MEMBER = (
    Ref("member", _ACCOUNTS, only=f"serviceAccount:{_OWN_ACCOUNT}"),
    Ref("role", ("gcp:projects/iAMCustomRole:IAMCustomRole",), only=r"projects/{account}/roles/.*"),
)


def _member(*on: Ref) -> Behaviour:
    """A grant: adding a member that has the role already changes nothing."""
    return Behaviour(EVERYTHING, refs=(*_MEMBER, *on), second="changes")


def _in_project(*paths: str) -> frozenset[str]:
    return frozenset({"name", "project", *paths})


# Replacements: ForceNew in the Terraform Google provider's resources, which pulumi-gcp bridges. Patterns: each API's
# reference. A second create is refused with 409 alreadyExists but for IAM and service identities, which are put.
BEHAVIOURS: Mapping[str, Behaviour] = {
    "gcp:artifactregistry/repository:Repository": Behaviour(
        frozenset({"repositoryId", "project", "location", "format", "kmsKeyName", "mode"}),
        name="repositoryId",
        pattern=_RFC1035,
        refs=(Ref("kmsKeyName", _CRYPTO_KEYS),),
    ),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": _member(
        Ref("repository", ("gcp:artifactregistry/repository:Repository",))
    ),
    "gcp:bigquery/dataset:Dataset": Behaviour(
        frozenset({"datasetId", "project", "location"}),
        name="datasetId",
        pattern=r"[A-Za-z0-9_]{1,1024}",
        refs=(Ref("defaultEncryptionConfiguration.kmsKeyName", _CRYPTO_KEYS),),
        forced="deleteContentsOnDestroy",
    ),
    "gcp:billing/budget:Budget": Behaviour(
        frozenset({"billingAccount"}), refs=(Ref("allUpdatesRule.monitoringNotificationChannels[]", _CHANNELS),)
    ),
    "gcp:cloudscheduler/job:Job": Behaviour(
        _in_project("region"),
        name="name",
        pattern=r"[a-zA-Z0-9_-]{1,500}",
        refs=(Ref("httpTarget.oauthToken.serviceAccountEmail", _ACCOUNTS, only=_OWN_ACCOUNT),),
    ),
    "gcp:compute/address:Address": Behaviour(
        _in_project("region", "address", "addressType", "description", "network", "purpose", "subnetwork"),
        name="name",
        pattern=_RFC1035,
        refs=(Ref("network", _NETWORKS, holds=True), Ref("subnetwork", _SUBNETWORKS, holds=True)),
    ),
    "gcp:compute/firewall:Firewall": Behaviour(
        _in_project("direction"), name="name", pattern=_RFC1035, refs=(Ref("network", _NETWORKS, holds=True),)
    ),
    "gcp:compute/forwardingRule:ForwardingRule": Behaviour(
        _in_project(
            "region",
            "ipAddress",
            "ipProtocol",
            "loadBalancingScheme",
            "network",
            "noAutomateDnsZone",
            "ports",
            "subnetwork",
            "description",
            "backendService",
            "portRange",
            "allPorts",
        ),
        name="name",
        pattern=_RFC1035,
        refs=(
            Ref("network", _NETWORKS, holds=True),
            Ref("subnetwork", _SUBNETWORKS, holds=True),
            Ref("ipAddress", _ADDRESSES, holds=True, only=r".*/addresses/.*"),
        ),
    ),
    "gcp:compute/globalAddress:GlobalAddress": Behaviour(
        _in_project("address", "addressType", "description", "network", "prefixLength", "purpose"),
        name="name",
        pattern=_RFC1035,
        refs=(Ref("network", _NETWORKS, holds=True),),
    ),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": Behaviour(
        _in_project(
            "ipAddress", "ipProtocol", "network", "noAutomateDnsZone", "portRange", "subnetwork", "description"
        ),
        name="name",
        pattern=_RFC1035,
        refs=(
            Ref("network", _NETWORKS, holds=True),
            Ref("ipAddress", _ADDRESSES, holds=True, only=r".*/addresses/.*"),
        ),
    ),
    "gcp:compute/network:Network": Behaviour(
        _in_project("autoCreateSubnetworks", "description", "internalIpv6Range", "networkProfile"),
        name="name",
        pattern=_RFC1035,
    ),
    "gcp:compute/subnetwork:Subnetwork": Behaviour(
        _in_project("region", "network", "description", "reservedInternalRange"),
        name="name",
        pattern=_RFC1035,
        refs=(Ref("network", _NETWORKS, holds=True),),
    ),
    "gcp:dns/managedZone:ManagedZone": Behaviour(
        _in_project("dnsName", "visibility"),
        name="name",
        pattern=r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
        refs=(Ref("privateVisibilityConfig.networks.networkUrl", _NETWORKS, holds=True),),
    ),
    "gcp:dns/policy:Policy": Behaviour(
        _in_project(), name="name", pattern=_RFC1035, refs=(Ref("networks.networkUrl", _NETWORKS, holds=True),)
    ),
    "gcp:dns/recordSet:RecordSet": Behaviour(
        _in_project("managedZone"), refs=(Ref("managedZone", ("gcp:dns/managedZone:ManagedZone",), holds=True),)
    ),
    # Neither key rings nor keys are ever deleted; the provider forgets a ring and destroys a key's versions.
    "gcp:kms/cryptoKey:CryptoKey": Behaviour(
        frozenset({"name", "keyRing", "purpose", "importOnly", "destroyScheduledDuration", "cryptoKeyBackend"}),
        name="name",
        pattern=r"[a-zA-Z0-9_-]{1,63}",
        refs=(Ref("keyRing", ("gcp:kms/keyRing:KeyRing",), outside=True),),
        held="the key exists already: keys are never deleted, only their versions are",
    ),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": _member(Ref("cryptoKeyId", _CRYPTO_KEYS)),
    "gcp:kms/keyRing:KeyRing": Behaviour(
        _in_project("location"),
        name="name",
        pattern=r"[a-zA-Z0-9_-]{1,63}",
        held="the key ring exists already: key rings are never deleted",
    ),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": Behaviour(
        frozenset({"bucketId", "project", "location"}),
        name="bucketId",
        pattern=r"[a-zA-Z0-9_.-]{1,100}",
        refs=(Ref("cmekSettings.kmsKeyName", _CRYPTO_KEYS),),
        held="the log bucket is in state DELETE_REQUESTED for seven days",
    ),
    "gcp:logging/projectSink:ProjectSink": Behaviour(_in_project(), name="name", pattern=r"[a-zA-Z0-9_.-]{1,100}"),
    "gcp:monitoring/alertPolicy:AlertPolicy": Behaviour(
        frozenset({"project"}), refs=(Ref("notificationChannels[]", _CHANNELS, holds=True),)
    ),
    "gcp:monitoring/notificationChannel:NotificationChannel": Behaviour(frozenset({"project"})),
    "gcp:projects/iAMAuditConfig:IAMAuditConfig": Behaviour(frozenset({"service", "project"}), second="changes"),
    # Deleted softly for seven days, but the provider undeletes a role that is created again.
    "gcp:projects/iAMCustomRole:IAMCustomRole": Behaviour(
        frozenset({"roleId", "project"}), name="roleId", pattern=r"[a-zA-Z0-9_.]{3,64}"
    ),
    "gcp:projects/iAMMember:IAMMember": _member(),
    "gcp:projects/serviceIdentity:ServiceIdentity": Behaviour(EVERYTHING, second="changes"),
    "gcp:serviceaccount/account:Account": Behaviour(
        frozenset({"accountId", "project"}), name="accountId", pattern=r"[a-z]([-a-z0-9]{4,28}[a-z0-9])"
    ),
    "gcp:serviceaccount/iAMMember:IAMMember": _member(Ref("serviceAccountId", _ACCOUNTS)),
    "gcp:storage/bucket:Bucket": Behaviour(
        _in_project("location", "enableObjectRetention", "hierarchicalNamespace"),
        name="name",
        pattern=r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]",
        unique="{name}",
        refs=(Ref("encryption.defaultKmsKeyName", _CRYPTO_KEYS),),
        forced="forceDestroy",
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": _member(Ref("bucket", ("gcp:storage/bucket:Bucket",), outside=True)),
    "gcp:vertex/aiEndpoint:AiEndpoint": Behaviour(
        _in_project(
            "location", "region", "network", "encryptionSpec", "privateServiceConnectConfig.enablePrivateServiceConnect"
        ),
        name="name",
        pattern=r"[0-9]{1,19}|[a-z][a-z0-9-]{0,62}",
        refs=(Ref("encryptionSpec.kmsKeyName", _CRYPTO_KEYS), Ref("network", _NETWORKS, outside=True)),
    ),
    "gcp:workbench/instance:Instance": Behaviour(
        _in_project(
            "location",
            "instanceId",
            "instanceOwners",
            "disableProxyAccess",
            "gceSetup.bootDisk.diskEncryption",
            "gceSetup.bootDisk.diskType",
            "gceSetup.bootDisk.kmsKey",
            "gceSetup.dataDisks.diskEncryption",
            "gceSetup.dataDisks.diskType",
            "gceSetup.dataDisks.kmsKey",
            "gceSetup.disablePublicIp",
            "gceSetup.networkInterfaces",
            "gceSetup.serviceAccounts",
            "gceSetup.tags",
            "gceSetup.vmImage",
        ),
        name="name",
        pattern=_RFC1035,
        refs=(
            Ref("gceSetup.networkInterfaces.network", _NETWORKS, holds=True),
            Ref("gceSetup.networkInterfaces.subnet", _SUBNETWORKS, holds=True),
            Ref("gceSetup.serviceAccounts.email", _ACCOUNTS, only=_OWN_ACCOUNT),
            Ref("gceSetup.bootDisk.kmsKey", _CRYPTO_KEYS),
        ),
        machines=True,
    ),
    "gcp:workbench/instanceIamMember:InstanceIamMember": _member(Ref("name", ("gcp:workbench/instance:Instance",))),
    "gcp:workflows/workflow:Workflow": Behaviour(
        _in_project("region", "tags"),
        name="name",
        pattern=r"[a-zA-Z]([a-zA-Z0-9_-]{0,62}[a-zA-Z0-9])?",
        refs=(Ref("serviceAccount", _ACCOUNTS, only=_OWN_ACCOUNT), Ref("cryptoKeyName", _CRYPTO_KEYS)),
    ),
}
