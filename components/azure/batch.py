"""Scoring on a schedule: a job that Azure ML starts on a cluster from zero, stops in time and reports."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from catalogue.formats import AZURE, USUAL
from catalogue.scoring import scoring
from components.azure.names import digest
from components.azure.registry import FOLDER, PLACE, RegisteredModelArgs, version_of
from components.azure.run_alarms import RunAlarms
from components.azure.runs import OF_ITS_RUN, Runs, Step, cluster_of, kept, schedule_of
from components.given import Args, BadArgument, Tags, Text, hold, hold_each
from components.shapes import Machine, Schedule

REACH = ("amlworkspace",)
"""A person who starts a run by hand reaches the workspace through this private endpoint.

The machines of a run need none: they stand in the managed network, which has its own way to the datastores.
"""

ATTEMPTS = 3


@dataclass(kw_only=True)
class BatchJobArgs(Args):
    """The model that scores, on what data, when, on what, and who hears of a failure."""

    subscription: Text
    """The id of the subscription that the workspace is in."""
    group_name: Text
    """The name of the resource group that the workspace is in."""
    region: Text
    """The Azure region of the workspace, such as eastus2."""
    workspace_name: Text
    """The name of the ML workspace that the job stands in."""
    job_name: Text
    """The name of the schedule, of its runs and of their experiment. A workspace has each name once."""
    endpoint_name: Text
    """The name of the batch endpoint for runs by hand, 3 to 32 letters, digits and dashes. A region has each once."""
    enabled: bool = True
    """Whether the job is scheduled. Where it is not, nothing of it stands; the registered model stays.

    The program must know it: it decides what is created.
    """
    model: RegisteredModelArgs
    """The registered model, and the environment that runs it. The environment's image must have MLflow."""
    identity_id: Text
    """The id of the identity that cluster and endpoint act as, Access's `batch`. It must have its roles by then."""
    client_id: Text
    """The client id of the same identity, Identity's `batch`."""
    machine: Machine
    """The machine of each replica."""
    replicas: pulumi.Input[int] = 1
    """How many replicas share the files of a run, and how many machines the cluster has at most."""
    schedule: Schedule
    """When a run starts. Azure ML takes neither days of a month nor months, nor a time zone that Windows has not."""
    max_hours: pulumi.Input[int]
    """After how many hours a run is stopped."""
    inputs: Mapping[str, Text]
    """The folder of each input by its name, letters, digits and `_` and not `model`, on a datastore, such as
    azureml://datastores/artifacts/paths/data/. The names must be known."""
    format: str = USUAL["azure"]
    """What the inputs are: csv, each file with a line of names, or json, each file one document as MLflow reads it. It
    must be known."""
    concurrency: int = 1
    """How many files a replica scores at once. It must be known."""
    output_uri: Text
    """The folder on a datastore below which each run writes a folder of its own, with one for each input."""
    owner: Text
    """The e-mail address that hears of a run that failed or was stopped."""
    log_workspace_id: Text
    """The id of the log workspace that its alarm queries. The ML workspace must log there."""
    action_group_id: Text
    """The id of the action group that hears of its alarm."""
    tags: Tags
    """The tags of everything that is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        kept(self.schedule, "BatchJobArgs")
        hold_each(self, "inputs", PLACE, "a place on a datastore such as azureml://datastores/artifacts/paths/folder/")
        hold(self, "output_uri", FOLDER, "a datastore's folder such as azureml://datastores/artifacts/paths/folder/")
        if self.format not in AZURE:
            raise BadArgument(f"BatchJobArgs.format: found {self.format!r}, allowed: {', '.join(AZURE)}")
        if "model" in self.inputs:
            raise BadArgument("BatchJobArgs.inputs.model: is what the model itself is called; give it another name")


class BatchJob(pulumi.ComponentResource):
    """Creates, while enabled, a cluster from zero, a schedule that scores on it, and a batch endpoint for runs by hand.

    Nothing runs, and nothing bills by the hour, between runs. A run is stopped after `max_hours`. A run that failed or
    was stopped mails the owner and raises an alarm. A file that fails all the same keeps no other from its scores; who
    mended it scores it alone, by hand.

    The schedule creates a pipeline of one step: Azure's own SDK refuses any other job in a schedule ("Unsupported job
    type"). What the step does is a registered component, for a pipeline takes none that is not. A changed environment
    is another version of it. The schedule's other action, InvokeBatchEndpoint, would take what Azure's pages do not say
    ("TBD" in the API), and a batch deployment bounds a mini-batch, not a run. A run by hand names the deployment. It
    retries a mini-batch twice and gives up at the first file that fails all the same; it reads CSV alone.

    The component refuses a schedule of other than five fields, a schedule that asks for days of a month or for months,
    which Azure ML would ignore, and a time zone that has no name in Windows.

    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-schedule-pipeline-job,
    https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ml/azure-ai-ml/azure/ai/ml/entities/_schedule/schedule.py
    and https://learn.microsoft.com/en-us/azure/machine-learning/how-to-mlflow-batch
    """

    schedule_id: pulumi.Output[str] | None
    """The id of the schedule. There is none where the job is not enabled."""

    def __init__(self, name: str, args: BatchJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:BatchJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._named = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        self.schedule_id = self._run(name, args) if args.enabled else None
        self.register_outputs({"schedule_id": self.schedule_id})

    def _run(self, name: str, args: BatchJobArgs) -> pulumi.Output[str]:
        command = scoring(args.inputs, AZURE[args.format], args.concurrency)
        step = Step(
            name="score",
            command=command,
            version=digest(command, version_of(args.model)),
            environment_id=args.model.environment_id,
            environment=args.model.environment,
            model_id=args.model.model_id,
            inputs=args.inputs,
            outputs={"scores": pulumi.Output.concat(args.output_uri, OF_ITS_RUN)},
            machine=args.machine,
            replicas=args.replicas,
            max_hours=args.max_hours,
        )
        runs = Runs(
            subscription=args.subscription,
            group_name=args.group_name,
            region=args.region,
            workspace_name=args.workspace_name,
            job_name=args.job_name,
            steps=[step],
            identity_id=args.identity_id,
            client_id=args.client_id,
            schedule=args.schedule,
            owner=args.owner,
            log_workspace_id=args.log_workspace_id,
            action_group_id=args.action_group_id,
            tags=args.tags,
        )
        RunAlarms(name, runs, self._child).on_failed()
        cluster = cluster_of(name, runs, step, self._child)
        self._endpoint(name, args, cluster)
        return schedule_of(name, runs, [cluster], self._child)

    def _endpoint(self, name: str, args: BatchJobArgs, cluster: ml.Compute) -> None:
        endpoint = ml.BatchEndpoint(
            name,
            endpoint_name=args.endpoint_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            location=args.region,
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            # No default deployment: it would have to stand before the endpoint it stands in.
            properties=ml.BatchEndpointPropertiesArgs(auth_mode="AADToken"),
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(
                self._named, pulumi.ResourceOptions(ignore_changes=["properties.defaults"])
            ),
        )
        version = f"v-{digest(args.machine.type, version_of(args.model))}"
        ml.BatchDeployment(
            f"{name}-{version}",
            deployment_name=version,
            endpoint_name=endpoint.name,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            location=args.region,
            properties=ml.BatchDeploymentPropertiesArgs(
                compute=cluster.id,
                environment_id=args.model.environment_id,
                environment_variables=args.model.environment or None,
                model=ml.IdAssetReferenceArgs(reference_type="Id", asset_id=args.model.model_id),
                resources=ml.DeploymentResourceConfigurationArgs(instance_count=args.replicas),
                max_concurrency_per_instance=args.concurrency,
                mini_batch_size=10,
                retry_settings=ml.BatchRetrySettingsArgs(max_retries=ATTEMPTS - 1, timeout="PT10M"),
                error_threshold=0,
                logging_level="Info",
                output_action="AppendRow",
                output_file_name="predictions.csv",
            ),
            tags=args.tags,
            opts=self._child,
        )
