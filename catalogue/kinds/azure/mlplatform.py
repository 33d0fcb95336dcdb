"""What our own provider makes on Azure, where no resource of azure-native covers it."""

from catalogue.answers import Answer, Request
from catalogue.behaviour import Behaviour
from catalogue.kind import Acts, CostsOnly, Kind, No, Rights, documented, setting
from catalogue.registered import APPROVED, Registered

ROLES_IN_FORCE, TRAFFIC = "mlplatform:azure:RolesInForce", "mlplatform:azure:Traffic"
APPROVED_VERSION = "mlplatform:azure:ApprovedVersion"
_ROLLOUT = documented(
    "https://learn.microsoft.com/en-us/azure/machine-learning/how-to-safely-rollout-online-endpoints", "2026-11-26"
)

_IN_FORCE = documented(
    "https://learn.microsoft.com/en-us/azure/role-based-access-control/troubleshooting", "2026-11-26"
)
_VERSION = documented("https://learn.microsoft.com/en-us/rest/api/azureml/model-versions/get", "2026-11-27")
_SETS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/write"
_READS = "Microsoft.MachineLearningServices/workspaces/models/versions/read"
_ROLES = documented(
    "https://learn.microsoft.com/en-us/azure/role-based-access-control/permissions/ai-machine-learning", "2026-11-26"
)
_CHECKOV = documented("https://www.checkov.io/5.Policy%20Index/arm.html", "2026-11-26")


def _traffic(request: Request) -> Answer:
    group = f"/subscriptions/{request.inputs['subscriptionId']}/resourceGroups/{request.inputs['resourceGroup']}"
    workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{request.inputs['workspace']}"
    return Answer(f"{workspace}/onlineEndpoints/{request.inputs['endpoint']}/traffic", {})


def _roles(request: Request) -> Answer:
    return Answer(f"roles-{request.hex(16)}", {"missing": 0})


def _approved(request: Request) -> Answer:
    group = f"/subscriptions/{request.inputs['subscriptionId']}/resourceGroups/{request.inputs['resourceGroup']}"
    workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{request.inputs['workspace']}"
    version = Registered(str(request.inputs["model"]), int(request.inputs["version"]))
    return Answer(f"{workspace}/models/{version.approvals}/versions/{version.version}", {"status": APPROVED})


KINDS: tuple[Kind, ...] = (
    setting(
        APPROVED_VERSION,
        "a registered version",
        _VERSION,
        bills=No("it asks, and makes nothing", _VERSION),
        acts=Acts(_approved, Behaviour(frozenset()), _VERSION),
        renders=No("no tool but our policies knows our own provider", _CHECKOV),
        rights=Rights((_READS,), _ROLES, (_READS,)),
    ),
    setting(
        ROLES_IN_FORCE,
        "role assignments",
        _IN_FORCE,
        bills=No("it waits, and makes nothing", _IN_FORCE),
        acts=Acts(_roles, Behaviour(frozenset()), _IN_FORCE),
        renders=No("no tool but our policies knows our own provider", _CHECKOV),
    ),
    setting(
        TRAFFIC,
        "an online endpoint",
        _ROLLOUT,
        holds=CostsOnly(_ROLLOUT),
        bills=No("a setting of an endpoint is free; its deployments bill", _ROLLOUT),
        acts=Acts(
            _traffic, Behaviour(frozenset({"subscriptionId", "resourceGroup", "workspace", "endpoint"})), _ROLLOUT
        ),
        renders=No("no tool but our policies knows our own provider", _CHECKOV),
        rights=Rights((_SETS,), _ROLES, (_SETS,), (_SETS,)),
    ),
)
