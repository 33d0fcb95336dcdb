"""The simulated Google Cloud: what each resource type answers, with ids and links of the shape Google gives them.

Shapes: the ids are the resource names of each API, as pulumi-gcp documents them under "Import"; self links are the
Compute API's addresses. Names that are left out are made the way pulumi-gcp makes them.
"""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import (
    Answer,
    Answering,
    Lookup,
    Request,
    a_guid,
    by_resource_name,
    google_words,
    member_of,
    numbered,
    project_number,
)
from catalogue.behaviour import EVERYTHING, Behaviour, Ref, in_project


def _service_identity(request: Request) -> Answer:
    words = google_words(request)
    service = str(request.inputs["service"]).partition(".")[0]
    email = f"service-{words['number']}@gcp-sa-{service}.iam.gserviceaccount.com"
    id_ = f"projects/{words['project']}/services/{request.inputs['service']}"
    return Answer(id_, {"email": email, "member": f"serviceAccount:{email}"})


def _account(request: Request) -> Answer:
    words = google_words(request)
    email = f"{words['accountId']}@{words['project']}.iam.gserviceaccount.com"
    name = f"projects/{words['project']}/serviceAccounts/{email}"
    unique = request.digits(21)
    return Answer(name, {"name": name, "email": email, "member": f"serviceAccount:{email}", "uniqueId": unique})


def _custom_role(request: Request) -> Answer:
    words = google_words(request)
    name = f"projects/{words['project']}/roles/{words['roleId']}"
    return Answer(name, {"name": name, "deleted": False})


def _address(request: Request) -> Answer:
    """An address in a subnet: one of its own, in the upper half of 10.40.0.0/21, which is the pilot's subnet."""
    made = by_resource_name("projects/{project}/regions/{region}/addresses/{name}", link=True)(request)
    low = int(request.hex(4), 16)
    return Answer(made.id, {"address": f"10.40.{4 + low % 4}.{2 + low // 4 % 250}", **made.outputs})


def _record(request: Request) -> Answer:
    words = google_words(request)
    zone = words["managedZone"]
    return Answer(f"projects/{words['project']}/managedZones/{zone}/rrsets/{words['name']}/{words['type']}", {})


def _model(request: Request) -> Answer:
    words = google_words(request)
    name = f"projects/{words['project']}/locations/{words['location']}/models/{words['modelId']}"
    return Answer(name, {"resourceName": name, "versionId": "1", "versionName": f"{name}@1"})


def _deployment(request: Request) -> Answer:
    words = google_words(request)
    deployed = request.digits(9)
    attachment = f"projects/{request.hex(12)}-tp/regions/{words['location']}/serviceAttachments/sa-{request.hex(24)}"
    return Answer(f"{words['endpoint']}/{deployed}", {"deployedModelId": deployed, "serviceAttachment": attachment})


_IN_PROJECT, _IN_PLACE = "projects/{project}", "projects/{project}/locations/{location}"
_GLOBAL, _REGIONAL = "projects/{project}/global", "projects/{project}/regions/{region}"

ANSWERS: Mapping[str, Answering] = {
    "pulumi:providers:gcp": a_guid,
    "pulumi:providers:mlplatform": a_guid,
    "gcp:artifactregistry/repository:Repository": by_resource_name(
        _IN_PLACE + "/repositories/{repositoryId}",
        key="repositoryId",
        name="{repositoryId}",
        registryUri="{location}-docker.pkg.dev/{project}/{repositoryId}",
    ),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": member_of(_IN_PLACE + "/repositories/{repository}"),
    "gcp:bigquery/dataset:Dataset": by_resource_name(
        _IN_PROJECT + "/datasets/{datasetId}",
        key="datasetId",
        selfLink="https://bigquery.googleapis.com/bigquery/v2/projects/{project}/datasets/{datasetId}",
    ),
    "gcp:billing/budget:Budget": numbered("billingAccounts/{billingAccount}/budgets/{hex}"),
    "gcp:cloudscheduler/job:Job": by_resource_name(_IN_PROJECT + "/locations/{region}/jobs/{name}", state="ENABLED"),
    "gcp:compute/address:Address": _address,
    "gcp:compute/firewall:Firewall": by_resource_name(_GLOBAL + "/firewalls/{name}", link=True),
    "gcp:compute/forwardingRule:ForwardingRule": by_resource_name(
        _REGIONAL + "/forwardingRules/{name}", link=True, pscConnectionId="{digits}", pscConnectionStatus="ACCEPTED"
    ),
    "gcp:compute/globalAddress:GlobalAddress": by_resource_name(_GLOBAL + "/addresses/{name}", link=True),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": by_resource_name(
        _GLOBAL + "/forwardingRules/{name}", link=True, pscConnectionId="{digits}", pscConnectionStatus="ACCEPTED"
    ),
    "gcp:compute/network:Network": by_resource_name(_GLOBAL + "/networks/{name}", link=True, numericId="{digits}"),
    "gcp:compute/subnetwork:Subnetwork": by_resource_name(_REGIONAL + "/subnetworks/{name}", link=True),
    "gcp:dns/managedZone:ManagedZone": by_resource_name(_IN_PROJECT + "/managedZones/{name}", managedZoneId="{digits}"),
    "gcp:dns/policy:Policy": by_resource_name(_IN_PROJECT + "/policies/{name}"),
    "gcp:dns/recordSet:RecordSet": _record,
    "gcp:kms/cryptoKey:CryptoKey": by_resource_name("{keyRing}/cryptoKeys/{name}"),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": member_of("{cryptoKeyId}"),
    "gcp:kms/keyRing:KeyRing": by_resource_name(_IN_PLACE + "/keyRings/{name}"),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": by_resource_name(
        _IN_PLACE + "/buckets/{bucketId}",
        key="bucketId",
        name=_IN_PLACE + "/buckets/{bucketId}",
        lifecycleState="ACTIVE",
    ),
    "gcp:logging/projectSink:ProjectSink": by_resource_name(
        _IN_PROJECT + "/sinks/{name}",
        writerIdentity="serviceAccount:service-{number}@gcp-sa-logging.iam.gserviceaccount.com",
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": numbered(_IN_PROJECT + "/alertPolicies/{digits}"),
    "gcp:monitoring/notificationChannel:NotificationChannel": numbered(_IN_PROJECT + "/notificationChannels/{digits}"),
    "gcp:projects/iAMAuditConfig:IAMAuditConfig": lambda request: Answer(
        f"{google_words(request)['project']}/audit_config/{request.inputs['service']}",
        {"etag": f"BwY{request.hex(8)}="},
    ),
    "gcp:projects/iAMCustomRole:IAMCustomRole": _custom_role,
    "gcp:projects/iAMMember:IAMMember": member_of("{project}"),
    "gcp:projects/serviceIdentity:ServiceIdentity": _service_identity,
    "gcp:serviceaccount/account:Account": _account,
    "gcp:serviceaccount/iAMMember:IAMMember": member_of("{serviceAccountId}"),
    "gcp:storage/bucket:Bucket": by_resource_name(
        "{name}", url="gs://{name}", selfLink="https://www.googleapis.com/storage/v1/b/{name}"
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": member_of("b/{bucket}"),
    "gcp:vertex/aiEndpoint:AiEndpoint": by_resource_name(_IN_PLACE + "/endpoints/{name}"),
    "gcp:workbench/instance:Instance": by_resource_name(
        _IN_PLACE + "/instances/{name}",
        proxyUri="{hex}-dot-{region}.notebooks.googleusercontent.com",
        state="ACTIVE",
    ),
    "gcp:workbench/instanceIamMember:InstanceIamMember": member_of(_IN_PLACE + "/instances/{name}"),
    "gcp:workflows/workflow:Workflow": by_resource_name(
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
        in_project("region"),
        name="name",
        pattern=r"[a-zA-Z0-9_-]{1,500}",
        refs=(Ref("httpTarget.oauthToken.serviceAccountEmail", _ACCOUNTS, only=_OWN_ACCOUNT),),
    ),
    "gcp:compute/address:Address": Behaviour(
        in_project("region", "address", "addressType", "description", "network", "purpose", "subnetwork"),
        name="name",
        pattern=_RFC1035,
        refs=(Ref("network", _NETWORKS, holds=True), Ref("subnetwork", _SUBNETWORKS, holds=True)),
    ),
    "gcp:compute/firewall:Firewall": Behaviour(
        in_project("direction"), name="name", pattern=_RFC1035, refs=(Ref("network", _NETWORKS, holds=True),)
    ),
    "gcp:compute/forwardingRule:ForwardingRule": Behaviour(
        in_project(
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
        in_project("address", "addressType", "description", "network", "prefixLength", "purpose"),
        name="name",
        pattern=_RFC1035,
        refs=(Ref("network", _NETWORKS, holds=True),),
    ),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": Behaviour(
        in_project("ipAddress", "ipProtocol", "network", "noAutomateDnsZone", "portRange", "subnetwork", "description"),
        name="name",
        pattern=_RFC1035,
        refs=(
            Ref("network", _NETWORKS, holds=True),
            Ref("ipAddress", _ADDRESSES, holds=True, only=r".*/addresses/.*"),
        ),
    ),
    "gcp:compute/network:Network": Behaviour(
        in_project("autoCreateSubnetworks", "description", "internalIpv6Range", "networkProfile"),
        name="name",
        pattern=_RFC1035,
    ),
    "gcp:compute/subnetwork:Subnetwork": Behaviour(
        in_project("region", "network", "description", "reservedInternalRange"),
        name="name",
        pattern=_RFC1035,
        refs=(Ref("network", _NETWORKS, holds=True),),
    ),
    "gcp:dns/managedZone:ManagedZone": Behaviour(
        in_project("dnsName", "visibility"),
        name="name",
        pattern=r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
        refs=(Ref("privateVisibilityConfig.networks.networkUrl", _NETWORKS, holds=True),),
    ),
    "gcp:dns/policy:Policy": Behaviour(
        in_project(), name="name", pattern=_RFC1035, refs=(Ref("networks.networkUrl", _NETWORKS, holds=True),)
    ),
    "gcp:dns/recordSet:RecordSet": Behaviour(
        in_project("managedZone"), refs=(Ref("managedZone", ("gcp:dns/managedZone:ManagedZone",), holds=True),)
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
        in_project("location"),
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
    "gcp:logging/projectSink:ProjectSink": Behaviour(in_project(), name="name", pattern=r"[a-zA-Z0-9_.-]{1,100}"),
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
        in_project("location", "enableObjectRetention", "hierarchicalNamespace"),
        name="name",
        pattern=r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]",
        unique="{name}",
        refs=(Ref("encryption.defaultKmsKeyName", _CRYPTO_KEYS),),
        forced="forceDestroy",
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": _member(Ref("bucket", ("gcp:storage/bucket:Bucket",), outside=True)),
    "gcp:vertex/aiEndpoint:AiEndpoint": Behaviour(
        in_project(
            "location", "region", "network", "encryptionSpec", "privateServiceConnectConfig.enablePrivateServiceConnect"
        ),
        name="name",
        pattern=r"[0-9]{1,19}|[a-z][a-z0-9-]{0,62}",
        refs=(Ref("encryptionSpec.kmsKeyName", _CRYPTO_KEYS), Ref("network", _NETWORKS, outside=True)),
    ),
    "gcp:workbench/instance:Instance": Behaviour(
        in_project(
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
        in_project("region", "tags"),
        name="name",
        pattern=r"[a-zA-Z]([a-zA-Z0-9_-]{0,62}[a-zA-Z0-9])?",
        refs=(Ref("serviceAccount", _ACCOUNTS, only=_OWN_ACCOUNT), Ref("cryptoKeyName", _CRYPTO_KEYS)),
    ),
}
