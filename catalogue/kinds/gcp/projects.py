"""The settings of a project: its grants, its audit log, and its agents of Google."""

from catalogue.answers import Answer, Request, google_words
from catalogue.behaviour import Behaviour
from catalogue.kind import Holds, No, Stays, documented, setting
from catalogue.kinds.gcp import (
    CUSTOM_ROLE,
    OBSERVABILITY,
    READ,
    acting,
    grant,
    granting,
    identity,
    in_terraform,
    registry,
)

AUDIT_CONFIG = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
MEMBER = "gcp:projects/iAMMember:IAMMember"
SERVICE_IDENTITY = "gcp:projects/serviceIdentity:ServiceIdentity"

_ROLE_DELETED = documented("https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role", READ)
_CALLS = registry("projects/iamauditconfig")


def _audit_config(request: Request) -> Answer:
    id_ = f"{google_words(request)['project']}/audit_config/{request.inputs['service']}"
    return Answer(id_, {"etag": f"BwY{request.hex(8)}="})


def _custom_role(request: Request) -> Answer:
    words = google_words(request)
    name = f"projects/{words['project']}/roles/{words['roleId']}"
    return Answer(name, {"name": name, "deleted": False})


def _service_identity(request: Request) -> Answer:
    words = google_words(request)
    service = str(request.inputs["service"]).partition(".")[0]
    email = f"service-{words['number']}@gcp-sa-{service}.iam.gserviceaccount.com"
    id_ = f"projects/{words['project']}/services/{request.inputs['service']}"
    return Answer(id_, {"email": email, "member": f"serviceAccount:{email}"})


KINDS = (
    setting(
        AUDIT_CONFIG,
        "the project",
        _CALLS,
        holds=Holds("guard", _CALLS),
        bills=No("a setting; what it records bills in its bucket", OBSERVABILITY),
        acts=acting("resourcemanager", _audit_config, Behaviour(second="changes")),
        renders=in_terraform("google_project_iam_audit_config"),
    ),
    identity(
        CUSTOM_ROLE,
        "projects/iamcustomrole",
        acts=acting(
            "resourcemanager",
            _custom_role,
            Behaviour(name="roleId", pattern=r"[a-zA-Z0-9_.]{3,64}"),
        ),
        renders=in_terraform("google_project_iam_custom_role"),
        # For seven days the provider undeletes a role that is created again.
        stays=Stays(37, "You can't create a role_id which has been marked for deletion.", _ROLE_DELETED, back=7),
    ),
    grant(
        MEMBER,
        "the project",
        "projects/iammember",
        acts=granting("resourcemanager", "{project}"),
        renders=in_terraform("google_project_iam_member"),
    ),
    identity(
        SERVICE_IDENTITY,
        "projects/serviceidentity",
        acts=acting("resourcemanager", _service_identity, Behaviour(second="changes")),
        renders=in_terraform("google_project_service_identity"),
    ),
)
