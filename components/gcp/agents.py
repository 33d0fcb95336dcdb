"""Google's own service agents: made before anything needs them, with the roles that make them work."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp
from pulumi_gcp import projects

from components.given import Args, Text

_MADE = {
    "aiplatform": "roles/aiplatform.serviceAgent",
    "artifactregistry": "roles/artifactregistry.serviceAgent",
    "cloudscheduler": "roles/cloudscheduler.serviceAgent",
    "notebooks": "roles/notebooks.serviceAgent",
    "workflows": "roles/workflows.serviceAgent",
}
"""The agents that appear only when they are asked for, each with the role Google gives it when it makes it itself."""


@dataclass(kw_only=True)
class ServiceAgentsArgs(Args):
    """The project whose agents are made."""

    project: Text
    """The id of the Google Cloud project. The APIs of all the services must be enabled in it."""
    project_number: Text
    """The number of the same project, which is part of the name of Compute Engine's agent."""


class ServiceAgents(pulumi.ComponentResource):
    """Creates Google's service agents of a project, and grants those that are made on demand their roles.

    A service agent is the account with which one of Google's services acts in a project. An agent usually appears when
    its service is first used. That is too late for a grant on a key, so this component asks for the agents of Vertex
    AI, Artifact Registry, Cloud Scheduler, Workbench and Workflows. An agent that is asked for gets no role from
    Google, so the component grants each the role that Google would have granted. A look-up makes the agents of Cloud
    Storage, BigQuery and Cloud Logging. The API of Compute Engine makes its own.

    Destroying the component takes the roles and leaves the agents, because Google deletes none. Whatever else uses
    these services in the project stops to work then, so the project should be one that nobody else uses.
    Rule: IAM, "Create and grant roles to service agents", https://cloud.google.com/iam/docs/create-service-agents
    """

    members: dict[str, pulumi.Output[str]]
    """The agents as IAM names them, `serviceAccount:` and an e-mail address, by service: aiplatform, artifactregistry,
    bigquery, cloudscheduler, compute, logging, notebooks, storage, workflows."""

    def __init__(self, name: str, args: ServiceAgentsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:ServiceAgents", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        look = pulumi.InvokeOutputOptions(parent=self)
        self.members = {}
        for service, role in _MADE.items():
            agent = projects.ServiceIdentity(
                f"{name}-{service}", project=args.project, service=f"{service}.googleapis.com", opts=child
            )
            granted = projects.IAMMember(
                f"{name}-{service}-role", project=args.project, role=role, member=agent.member, opts=child
            )
            # Whoever needs the agent waits for its role too.
            self.members[service] = pulumi.Output.all(agent.member, granted.id).apply(lambda both: both[0])
        number = args.project_number
        # Each answer is an address made of the project's number, which never changes.
        storage = pulumi_gcp.storage.get_project_service_account_output(project=args.project, opts=look)
        bigquery = pulumi_gcp.bigquery.get_default_service_account_output(project=args.project, opts=look)
        logs = pulumi_gcp.logging.get_project_cmek_settings_output(project=args.project, opts=look)
        self.members["storage"] = storage.member
        self.members["bigquery"] = bigquery.member
        self.members["logging"] = pulumi.Output.concat("serviceAccount:", logs.service_account_id)
        self.members["compute"] = pulumi.Output.concat(
            "serviceAccount:service-", number, "@compute-system.iam.gserviceaccount.com"
        )
        self.register_outputs({"members": self.members})
