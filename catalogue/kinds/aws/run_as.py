"""Who runs as what: for each input that names a role, the persona whose role it is."""

from collections.abc import Mapping, Sequence

from catalogue.experiments import RECORDS
from catalogue.kind import Kind
from catalogue.kinds.aws.experiments import MLFLOW_APP
from catalogue.kinds.aws.jobs import PIPELINE, STATE_MACHINE
from catalogue.kinds.aws.sagemaker import MODEL
from catalogue.kinds.aws.scheduler import SCHEDULE
from catalogue.kinds.aws.studio import DOMAIN, USER_PROFILE

KINDS: tuple[Kind, ...] = ()
"""No kind of its own: these are inputs of others."""

PERSONAS = ("approver", "batch", "caller", "data-scientist", "pipeline", "publisher", "serving", "training")
"""The personas that have a role in each stack. Only four of them run anything; people and callers take the others."""

TAKEN_BY: Mapping[str, Sequence[str]] = {
    "data-scientist": ("sagemaker",),
    "training": ("sagemaker",),
    "pipeline": ("scheduler", "states"),
    "serving": ("sagemaker",),
    "batch": ("sagemaker",),
    RECORDS: ("sagemaker",),
}
"""The services that take the role of each persona, for they do its work. No service does that of any other."""
PEOPLE = ("approver", "caller", "data-scientist", "publisher")
"""The personas whose role a person takes, by signing in."""

RUNS_AS: Mapping[str, Mapping[str, Sequence[str]]] = {
    MODEL: {"executionRoleArn": ("serving", "batch")},
    DOMAIN: {
        "defaultUserSettings.executionRole": ("data-scientist",),
        "defaultSpaceSettings.executionRole": ("data-scientist",),
    },
    USER_PROFILE: {"userSettings.executionRole": ("data-scientist",)},
    STATE_MACHINE: {"roleArn": ("pipeline",), "definition#RoleArn": ("training",)},
    PIPELINE: {"roleArn": ("pipeline",), "pipelineDefinition#RoleArn": ("training",)},
    SCHEDULE: {"target.roleArn": ("pipeline",)},
    MLFLOW_APP: {"roleArn": (RECORDS,)},
}
"""By type and by the path of the input; behind `#` is a member of a request, at whatever depth. Any other input that
names a role names one of nobody: flow logs, trails, scalable targets and event rules of a stack take none, for they
write to buckets that let them, or act by a role of AWS's own.
"""
