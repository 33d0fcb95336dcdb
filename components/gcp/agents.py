"""Google's own service agents: made before anything needs them, with the roles that make them work."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp
from pulumi_gcp import projects

_MADE = {
    "aiplatform": "roles/aiplatform.serviceAgent",
    "artifactregistry": "roles/artifactregistry.serviceAgent",
    "cloudscheduler": "roles/cloudscheduler.serviceAgent",
    "notebooks": "roles/notebooks.serviceAgent",
    "workflows": "roles/workflows.serviceAgent",
}
"""The agents that appear only when they are asked for, each with the role Google gives it when it makes it itself."""


@dataclass
class ServiceAgentsArgs:
    """The project and its number, which is in the names of the agents."""

    project: str
    project_number: pulumi.Input[str]


class ServiceAgents(pulumi.ComponentResource):
    """Creates the service agents of Vertex AI, Artifact Registry, Scheduler, Workbench and Workflows, with their roles.

    An agent appears on first use, which is too late to be granted a key; and one that is asked for explicitly gets no
    role by itself. The agents of Storage, BigQuery and Logging come with a look-up that makes them, Compute's with
    its API. Destroying the pilot takes the roles and leaves the agents: Google deletes none. So the project is the
    pilot's own. Rule: IAM, "Create and grant roles to service agents".
    """

    members: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ServiceAgentsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:ServiceAgents", name, None, opts)
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
