"""A project's own settings: who may do what in it, which calls are recorded, which agents of Google's it has."""

from catalogue.kind import Holds, No, setting
from catalogue.kinds.gcp import OBSERVABILITY, grant, identity, registry

_CALLS = registry("projects/iamauditconfig")

KINDS = (
    setting(
        "gcp:projects/iAMAuditConfig:IAMAuditConfig",
        "the project",
        _CALLS,
        holds=Holds("guard", _CALLS),
        bills=No("a setting; what it records bills in its bucket", OBSERVABILITY),
    ),
    identity("gcp:projects/iAMCustomRole:IAMCustomRole", "projects/iamcustomrole"),
    grant("gcp:projects/iAMMember:IAMMember", "the project", "projects/iammember"),
    identity("gcp:projects/serviceIdentity:ServiceIdentity", "projects/serviceidentity"),
)
