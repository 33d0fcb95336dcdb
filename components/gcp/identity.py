"""Who acts: one service account for each persona, with a role of its own and grants on the objects it works with.

What a persona may do is said in components/gcp/personas.py.
"""

import re

import pulumi
from pulumi_gcp import artifactregistry, projects, serviceaccount, storage

from components.gcp.names import fitted, underscored
from components.gcp.personas import IdentityArgs, Images, Objects, Persona, agent_of, personas_of
from components.given import Text
from provider.gcp.grants import GrantsInForce

IN_FORCE_MINUTES = 7
"""How long Google may take to know a grant everywhere: "typically 2 minutes, potentially 7 minutes or longer". IAM,
"Access change propagation", https://cloud.google.com/iam/docs/access-change-propagation
"""
READ, WRITE, CREATE = "roles/storage.objectViewer", "roles/storage.objectUser", "roles/storage.objectCreator"
SEE = "roles/storage.bucketViewer"
PULL, PUSH = "roles/artifactregistry.reader", "roles/artifactregistry.writer"


class Identity(pulumi.ComponentResource):
    """Creates the service accounts of eight personas, each with grants on objects and a role of its own where needed.

    The personas are data-scientist, training, pipeline, serving, batch, approver, caller and publisher, and hours where
    an endpoint has hours. The custom role
    of each has the few permissions that must hold in the whole project; the publisher has none. Who deploys the stack
    is no persona of it: whoever makes the accounts cannot be one. No basic or other broad role is granted:
    `roles/aiplatform.user` alone would let a persona delete what others run.

    Objects are granted by bucket, and a condition names the folder. Images are granted by repository. A model is
    uploaded as `serving` or `batch`, which must be able to read its image, and Vertex AI's agent pulls it. The agent
    also reads and writes for batch jobs, for which it has grants on the buckets of other projects. Who submits
    a job may act as the account that runs it and as no other: data-scientist as training, pipeline as batch, and hours,
    which deploys, as serving. No account has a key.

    Whoever takes an account from here waits until all these grants are in force, seven minutes after they were given.
    The wait is the work of the resource GrantsInForce, whose provider `mlplatform` your project names under `plugins`.

    A person is granted the account of approver, caller or publisher by hand. The id of a custom role stays taken for 37
    days after the role is deleted: for 7 days the provider takes it up again, and then it is refused until the 37 are
    over.

    Rules: IAM, "Access change propagation", https://cloud.google.com/iam/docs/access-change-propagation;
    IAM, "Use IAM securely", https://cloud.google.com/iam/docs/using-iam-securely;
    IAM, "Create and manage custom roles", deleting, https://cloud.google.com/iam/docs/creating-custom-roles#deleting;
    IAM, "Best practices for using service accounts", https://cloud.google.com/iam/docs/best-practices-service-accounts;
    Vertex AI, "Method: models.upload", serviceAccount,
    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models/upload;
    CIS Google Cloud 1.4 to 1.6, https://www.cisecurity.org/benchmark/google_cloud_computing_platform
    """

    account_emails: dict[str, pulumi.Output[str]]
    """The e-mail address of each persona's service account, by persona, known once all grants are in force:
    data-scientist, training, pipeline, serving, batch, approver, caller, publisher, and hours where one has them."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Identity", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        personas = personas_of(args)
        accounts = {
            persona: serviceaccount.Account(
                f"{name}-{persona}",
                project=args.project,
                account_id=fitted(f"{args.prefix}-{persona}", 30),
                display_name=f"{args.prefix} {persona}",
                description=f"The {persona} persona of {args.prefix}",
                opts=self._child,
            )
            for persona in personas
        }
        grants: list[pulumi.Input[str]] = [*self._on_things(f"{name}-vertex", agent_of(args), args.vertex_agent)]
        for persona, may in personas.items():
            grants += self._grants(f"{name}-{persona}", args, persona, may, accounts)
        in_force = GrantsInForce(
            f"{name}-in-force", project=args.project, grants=grants, minutes=IN_FORCE_MINUTES, opts=self._child
        )
        # Whoever runs as an account waits until its grants are in force: Vertex AI and Workflows try them at once. What
        # runs a model waits for Vertex AI's own agent, too.
        self.account_emails = {
            persona: pulumi.Output.all(account.email, in_force.id).apply(lambda both: both[0])
            for persona, account in accounts.items()
        }
        self.register_outputs({"account_emails": self.account_emails})

    def _grants(
        self,
        name: str,
        args: IdentityArgs,
        persona: str,
        may: Persona,
        accounts: dict[str, serviceaccount.Account],
    ) -> list[pulumi.Output[str]]:
        member = accounts[persona].member
        grants = [self._in_project(name, args, persona, may, member)] if may.permissions else []
        grants += self._on_things(name, may, member)
        grants += [
            serviceaccount.IAMMember(
                f"{name}-acts-as-{other}",
                service_account_id=accounts[other].name,
                role="roles/iam.serviceAccountUser",
                member=member,
                opts=self._child,
            ).id
            for other in may.acts_as
        ]
        return grants

    def _on_things(self, name: str, may: Persona, member: Text) -> list[pulumi.Output[str]]:
        """The grants on objects and images."""
        kinds = (
            ("sees", SEE, may.sees),
            ("reads", READ, may.reads),
            ("writes", WRITE, may.writes),
            ("creates", CREATE, may.creates),
        )
        grants: list[pulumi.Output[str]] = []
        for kind, role_name, granted in kinds:
            grants += [
                storage.BucketIAMMember(
                    f"{name}-{kind}-{_slug(f'{objects.bucket}-{objects.name}')}",
                    bucket=objects.bucket_name,
                    role=role_name,
                    member=member,
                    condition=below(objects),
                    opts=self._child,
                ).id
                for objects in granted
            ]
        grants += [self._images(name, images, PULL, member) for images in may.pulls]
        return grants + [self._images(name, images, PUSH, member) for images in may.pushes]

    def _in_project(
        self, name: str, args: IdentityArgs, persona: str, may: Persona, member: pulumi.Output[str]
    ) -> pulumi.Output[str]:
        role = projects.IAMCustomRole(
            f"{name}-role",
            project=args.project,
            role_id=underscored(f"{args.prefix}-{persona}"),
            title=f"{args.prefix} {persona}",
            description=f"What the {persona} persona of {args.prefix} may do in the project",
            permissions=sorted(may.permissions),
            stage="GA",
            opts=self._child,
        )
        return projects.IAMMember(
            f"{name}-project", project=args.project, role=role.name, member=member, opts=self._child
        ).id

    def _images(self, name: str, images: Images, role: str, member: Text) -> pulumi.Output[str]:
        return artifactregistry.RepositoryIamMember(
            f"{name}-images-{_slug(images.name)}".removesuffix("-"),
            project=images.project,
            location=images.location,
            repository=images.repository,
            role=role,
            member=member,
            opts=self._child,
        ).id


def below(objects: Objects) -> storage.BucketIAMMemberConditionArgsDict | None:
    """The condition of a grant on these objects: it holds for each of them, and for lists of them.

    It is None for a whole bucket. A list is asked of the bucket and not of an object, so the condition reads the prefix
    of the list as an attribute of its own. The title has the prefix in it, for it tells grants apart that differ in
    nothing else. Where Vertex AI asks for the rights on the bucket itself, they hold there too: of these the right to
    list alone does anything to a bucket. Source: Cloud Storage, "IAM Conditions",
    https://cloud.google.com/storage/docs/access-control/iam#conditions
    """
    if not all(objects.prefixes):
        return None
    parts: list[pulumi.Input[str]] = []
    for prefix in objects.prefixes:
        listed = f'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("{prefix}")'
        parts += [" || "] if parts else []
        parts += ['resource.name.startsWith("projects/_/buckets/', objects.bucket_name]
        parts += [f'/objects/{prefix}") || {listed}']
    if objects.asked_as_bucket:
        parts += [' || resource.name == "projects/_/buckets/', objects.bucket_name, '"']
    return {
        "title": fitted(f"below-{_slug(objects.name)}", 100),
        "description": f"objects below {fitted(', '.join(objects.prefixes), 200)} and lists of them",
        "expression": pulumi.Output.concat(*parts),
    }


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")
