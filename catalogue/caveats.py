"""What a platform does or leaves open, which no stack can change, and where what stands may not be what was judged.

The report says both of what a stack uses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from catalogue.differences import differences
from catalogue.graph import Graph, Resource
from catalogue.hardware.catalogue import load
from catalogue.kind import Evidence, assumed, documented
from catalogue.pauses import is_watched
from catalogue.properties import Unreadable
from catalogue.runs import RUNS_PER_MONTH

_READ, _TODAY = "2026-11-26", "2026-11-28"
_SAGEMAKER = "https://docs.aws.amazon.com/sagemaker/latest/dg"
_RUNTIME = "https://docs.aws.amazon.com/sagemaker/latest/APIReference"
_AGENT_PLATFORM = "https://docs.cloud.google.com/gemini-enterprise-agent-platform"
_WORKBENCH_PAGES = f"{_AGENT_PLATFORM}/notebooks/workbench/instances"
_AZURE_ML = "https://learn.microsoft.com/en-us/azure/machine-learning"


@dataclass(frozen=True)
class Caveat:
    """One sentence or two on a platform, for stacks that have a resource of one of the types `about`."""

    about: tuple[str, ...]
    says: str
    evidence: Evidence
    when: Callable[[Resource], bool] = lambda one: True
    """Of which resources of these types it is true."""
    apart: bool = False
    """Whether it says where what stands may not be what was judged."""


def _pauses_for_days(schedule: Resource) -> bool:
    """Whether a schedule pauses for longer than the components' alarm on a missed run can look back."""
    from catalogue.kinds.aws.scheduler import longest_pause_of

    try:
        return not is_watched(longest_pause_of(schedule.props.text_or_empty("scheduleExpression")))
    except (Unreadable, ValueError):  # a rule makes the finding of it
        return False


def _trains_over_efa(started: Resource) -> bool:
    """Whether several machines with an Elastic Fabric Adapter train together in what starts runs."""
    from catalogue.kinds.aws import pipelines, sfn

    try:
        jobs = list((pipelines.jobs if started.type == _PIPELINE else sfn.jobs)(started.props))
        together = [(count, each) for job in jobs for _, count, each in job.together()]
    except Unreadable:  # a rule makes the finding of it
        return False
    return any(count > 1 and any(map(load("aws").has_efa, each)) for count, each in together)


_INSTANCES_OF_ONE = 4
"""How many instances one endpoint may have in a new account."""


def _more_than_a_new_account(target: Resource) -> bool:
    """Whether an endpoint may have more replicas than a new account gives to one."""
    try:
        most = target.props.number_or_none("maxCapacity") or 0
    except Unreadable:  # a rule makes the finding of it
        return False
    return most > _INSTANCES_OF_ONE and target.props.text_if_known("resourceId").startswith("endpoint/")


def _in_region_on_request(budget: Resource) -> bool:
    """Whether a budget tells a topic in a region that an account has on request only."""
    told = budget.props.each_text_if_known("notifications.subscriberSnsTopicArns")
    return any(arn.split(":")[3] in load("aws").regions_on_request for arn in told if arn.startswith("arn:"))


_MODEL = "aws:sagemaker/model:Model"
_ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
_CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
_BUDGET, _TARGET = "aws:budgets/budget:Budget", "aws:appautoscaling/target:Target"
_VPC, _TRAIL = "aws:ec2/vpc:Vpc", "aws:cloudtrail/trail:Trail"
_ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"
_MLFLOW = "aws:sagemaker/mlflowApp:MlflowApp"
_PIPELINE = "aws:sagemaker/pipeline:Pipeline"
_STARTS = "aws:scheduler/schedule:Schedule"
_MACHINE = "aws:sfn/stateMachine:StateMachine"
_VERTEX, _WORKFLOW = "gcp:vertex/aiEndpoint:AiEndpoint", "gcp:workflows/workflow:Workflow"
_SCHEDULER = "gcp:cloudscheduler/job:Job"
_METADATA_STORE = "gcp:vertex/aiMetadataStore:AiMetadataStore"
_TENSORBOARD = "gcp:vertex/aiTensorboard:AiTensorboard"
_DATASET = "gcp:bigquery/dataset:Dataset"
_MODEL_OF_VERTEX = "mlplatform:gcp:Model"
_DEPLOYMENT, _WORKBENCH = "mlplatform:gcp:Deployment", "gcp:workbench/instance:Instance"
_WORKSPACE = "azure-native:machinelearningservices:Workspace"
_ONLINE = "azure-native:machinelearningservices:OnlineEndpoint"
_COMPUTE = "azure-native:machinelearningservices:Compute"
_SCHEDULE = "azure-native:machinelearningservices:Schedule"
_INSIGHTS = "azure-native:applicationinsights:Component"
_CONSUMPTION = "azure-native:consumption:Budget"

CAVEATS: Mapping[str, tuple[Caveat, ...]] = {
    "aws": (
        Caveat(
            (_MODEL,),
            "Endpoints and jobs run on machines in a network of SageMaker's. Of the stack's network they have "
            "interfaces only.",
            documented(f"{_SAGEMAKER}/infrastructure-give-access.html", _READ),
        ),
        Caveat(
            (_MODEL,),
            "Network isolation bounds a container alone. SageMaker itself fetches the image and the artifact, with the "
            "model's role.",
            documented(f"{_SAGEMAKER}/mkt-algo-model-internet-free.html", _READ),
        ),
        Caveat(
            (_ENDPOINT,),
            "The network of a model does not bound its callers. SageMaker's runtime has a public address too, and the "
            "caller's identity policy alone decides from where it may be called.",
            documented(f"{_SAGEMAKER}/interface-vpc-endpoint.html", _READ),
        ),
        Caveat(
            (_CONFIGURATION,),
            "Where an endpoint captures, SageMaker stops it without a word while the disk of a replica is nearly full. "
            "Keep DiskUtilization below 75 %, in CloudWatch's namespace /aws/sagemaker/Endpoints.",
            documented(f"{_SAGEMAKER}/model-monitor-data-capture-endpoint.html", _READ),
        ),
        Caveat(
            ("aws:sagemaker/domain:Domain", _PIPELINE, "aws:sfn/stateMachine:StateMachine"),
            "Studio and jobs log to groups that all stacks of an account and region share. SageMaker makes them "
            "without a key or an expiry, unless whoever keeps the account does it first, with the component JobLogs.",
            documented(f"{_SAGEMAKER}/logging-cloudwatch.html", _READ),
        ),
        Caveat(
            ("aws:sagemaker/domain:Domain",),
            "Quotas of Studio's own bound what people start: one for each sort of application and machine type, such "
            "as 'Studio JupyterLab Apps running on ml.t3.medium instances' (L-71FAF417). They are not asked for in the "
            "steps. Before people sign in, see in Service Quotas that each of them can have one.",
            documented("https://github.com/klaffka/aws-quota-monitor/blob/1087b174/docs/quota-audit-s-z.md", _READ),
        ),
        Caveat(
            (_PIPELINE,),
            "SageMaker stops no run of a pipeline as a whole, and counts none that took too long. Each step is stopped "
            "by its own time, so that a run may take all of them together. A pipeline is deleted once none of its runs "
            "is in work, and its runs are forgotten with it.",
            documented(f"{_RUNTIME}/API_DeletePipeline.html", _READ),
        ),
        Caveat(
            (_PIPELINE,),
            "A transform job of a step ends by no time of its own, and SageMaker stops none. What stops it is a state "
            "machine that looks for it by the clock: where that is switched off or deleted while a job runs, the job "
            "bills on, and the alarm on a turn that was due rings hours later. Not yet proved in an account.",
            documented(f"{_RUNTIME}/API_CreateTransformJob.html", "2026-11-28"),
            when=lambda one: "TransformJobName" in one.props.text_if_known("pipelineDefinition"),
        ),
        Caveat(
            (_ACTION,),
            "A request that waits for an endpoint's hours is forgotten after six of them, or sooner where its caller "
            "says so. What comes in the evening and must be answered in the morning is kept by whoever asks.",
            documented(f"{_RUNTIME}/API_runtime_InvokeEndpointAsync.html", _READ),
        ),
        Caveat(
            (_MLFLOW,),
            "MLflow's API has one right in IAM. Whoever may record a run, a training job too, may delete what others "
            "recorded; nothing brings that back.",
            documented(f"{_SAGEMAKER}/mlflow-app-setup-prerequisites-iam.html", _READ),
        ),
        Caveat(
            (_MLFLOW,),
            "The address of MLflow's pages is signed for who asks from the stack's network, and opens from anywhere "
            "until it is used or expires, after five minutes as a rule.",
            documented(f"{_RUNTIME}/API_CreatePresignedMlflowAppUrl.html", _READ),
        ),
        Caveat(
            (_MLFLOW,),
            "SageMaker keeps the records under a key of AWS's own, for the provider has no input for another, and puts "
            "a newer MLflow in each week. Studio may make a default App of its own, which is not the stack's.",
            documented(
                "https://aws.amazon.com/blogs/machine-learning/"
                "scaling-mlflow-for-enterprise-ai-whats-new-in-sagemaker-ai-with-mlflow/",
                _READ,
            ),
        ),
        Caveat(
            (_MLFLOW,),
            "In which regions MLflow Apps are sold is not checked: neither a page that was found nor AWS's own list of "
            "endpoints says it. `aws sagemaker list-mlflow-apps --region REGION` answers where they are.",
            assumed(
                "https://github.com/boto/botocore/blob/develop/botocore/data/endpoints.json has SageMaker's, of which "
                "Apps are a part, and none of theirs",
                _TODAY,
            ),
        ),
        Caveat(
            (_STARTS,),
            "No alarm rings where a run of a schedule that pauses for six days or more was due and did not succeed, as "
            "a weekly or monthly one does: an alarm of CloudWatch looks back seven days at most, evaluation periods "
            "times period, and metric math looks no further. One that started and failed, or took too long, rings.",
            documented(
                "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html", _TODAY
            ),
            when=_pauses_for_days,
        ),
        Caveat(
            (_BUDGET,),
            "A budget's alert on what the month is forecast to cost is silent for about five weeks, for AWS has no "
            "forecast before. Those on what was spent ring from the day on which the tag is active.",
            documented(
                "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html", _TODAY
            ),
        ),
        Caveat(
            (_BUDGET,),
            "No page says that a budget, which AWS keeps in us-east-1, reaches a topic in a region that an account has "
            "on request only. See in AWS Budgets that the first alert came, or give the budget an e-mail address.",
            assumed(
                "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html names no region",
                _TODAY,
            ),
            when=_in_region_on_request,
        ),
        Caveat(
            (_TARGET,),
            "A new account gives one endpoint four instances of whatever type ('Maximum number of instances per "
            "endpoint'), and an endpoint grows no further without a word. Where max_replicas is more, see the quota in "
            "Service Quotas, and ask for twice as many: an update runs both fleets.",
            documented("https://docs.aws.amazon.com/general/latest/gr/sagemaker.html", _TODAY),
            when=_more_than_a_new_account,
        ),
        Caveat(
            (_VPC,),
            "A new account has five VPCs in a region, of which the default one is one. So the fifth stack there is "
            "refused (VpcLimitExceeded), unless it was granted more, or a landing zone gives a network to several.",
            documented("https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html", _TODAY),
        ),
        Caveat(
            (_TRAIL,),
            "An account has five trails in a region, and AWS raises that for nobody. A stack's trail is in every "
            "region, so a sixth stack of an account is refused (MaximumNumberOfTrailsExceededException), wherever it "
            "stands: where there are more, a landing zone gives a trail to all.",
            documented(
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html", _TODAY
            ),
        ),
        Caveat(
            (_MACHINE, _PIPELINE),
            "What machines of one training job say by an Elastic Fabric Adapter goes past the operating system. No "
            "page says that SageMaker's encryption between containers covers it.",
            documented(f"{_SAGEMAKER}/your-algorithms-training-efa.html", _TODAY),
            when=_trains_over_efa,
        ),
        Caveat(
            (_MACHINE, _PIPELINE),
            "SageMaker keeps of each trial of a tuning job what it tried and what it reached, in experiments that it "
            "makes by itself. They are no resources of the stack, and no teardown takes them away.",
            documented(f"{_RUNTIME}/API_CreateHyperParameterTuningJob.html", "2026-11-28"),
            when=lambda one: (
                "createHyperParameterTuningJob" in one.props.text_if_known("definition")
                or "HyperParameterTuningJobConfig" in one.props.text_if_known("pipelineDefinition")
            ),
        ),
    ),
    "gcp": (
        Caveat(
            (_VERTEX, _WORKFLOW),
            "Endpoints and batch jobs run on Google's side. A perimeter of VPC Service Controls alone contains them, "
            "which an organisation has and a project does not: no stack makes one. Let the project be in it before "
            "`up`: to an endpoint that was made before no model is deployed any more.",
            documented("https://cloud.google.com/vertex-ai/docs/general/vpc-service-controls", _READ),
        ),
        Caveat(
            (_VERTEX, _WORKFLOW),
            "Vertex AI's API answers on the internet too, to whoever has a permission. A private way does not close "
            "that; such a perimeter does.",
            documented("https://cloud.google.com/vertex-ai/docs/general/vpc-service-controls", _READ),
        ),
        Caveat(
            (_METADATA_STORE,),
            "What starts each step of a pipeline is an image of Google's, gcr.io/ml-pipeline, by a tag: Google may put "
            "another there. It runs as the pipeline account, which starts jobs and reads no data of the stack.",
            documented("https://cloud.google.com/vertex-ai/docs/pipelines/customjob-component", "2026-11-27"),
        ),
        Caveat(
            (_TENSORBOARD,),
            "The pages of a TensorBoard stand on a domain of Google's, and open from anywhere to who has signed in and "
            "has aiplatform.tensorboards.recordAccess; Vertex AI knows no grant on one TensorBoard of a project.",
            documented("https://cloud.google.com/vertex-ai/docs/experiments/tensorboard-setup", _READ),
        ),
        Caveat(
            (_WORKFLOW,),
            "Google asks that the account of a recorded run be Storage Admin and Vertex AI User of the project. Ours "
            "holds the rights on records and folders that these are for, which is taken to be enough: see in the "
            "TensorBoard that the first run is there. A run records from a bucket that lies in one region alone, the "
            "TensorBoard's; whether a bucket of others does is for you to look at.",
            documented("https://cloud.google.com/vertex-ai/docs/experiments/tensorboard-setup", "2026-11-28"),
            when=lambda one: "/tensorboards/" in one.props.text_if_known("sourceContents"),
        ),
        Caveat(
            (_WORKFLOW,),
            "The account of a batch job is for its container alone. What reads the data and writes the scores is a "
            "client of Vertex AI's: its agent is taken to be who asks, which has a role in the stack's project, and "
            "the grants of the stack in a bucket of another one that `sources` names. Where a run is refused as "
            "another agent of Google's, let that one in.",
            documented(f"{_AGENT_PLATFORM}/machine-learning/predictions/get-batch-predictions", _TODAY),
            when=lambda one: '"gcsSource"' in one.props.text_if_known("sourceContents"),
        ),
        Caveat(
            (_MODEL_OF_VERTEX,),
            "Vertex AI asks whether an account may read an artifact before it takes the model. No page says whether it "
            "asks for the folder, on which the grant is, or for the bucket, of which no grant on a folder is true. "
            "Where `up` is told that the account does not have storage.objects.get though its grant is in force, give "
            "it roles/storage.objectViewer on the bucket, by hand, under the condition "
            '`resource.name == "projects/_/buckets/BUCKET"`, which lets it list names and read nothing.',
            documented("https://github.com/GoogleCloudPlatform/vertex-ai-samples/issues/3710", "2026-11-28"),
        ),
        Caveat(
            (_DATASET,),
            "Google's page says that the requests of a private endpoint are captured of TensorFlow, PyTorch, sklearn "
            "and XGBoost models, below 10 MB each, and names no container of one's own. See after the first calls that "
            "the table fills: nothing tells where it does not.",
            documented(f"{_AGENT_PLATFORM}/machine-learning/predictions/online-prediction-logging", _TODAY),
        ),
        Caveat(
            (_DATASET,),
            "The days of a dataset hold for tables that are made after them. Other days of a capture change nothing "
            "for the table that Vertex AI has made already: set its expiry by `bq update`.",
            documented("https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets", _READ),
        ),
        Caveat(
            (_DEPLOYMENT,),
            "Google's page wants Vertex AI's agent to be Service Account Admin of an account that serves. Ours is not: "
            "its role in the project lets it take tokens of the account, which is taken to be enough. Where `up` is "
            "refused for want of it, grant that on this one account, by hand.",
            documented(f"{_AGENT_PLATFORM}/machine-learning/general/custom-service-account", _TODAY),
        ),
        Caveat(
            (_DEPLOYMENT,),
            "A project has 100 replicas of models of its own in a region, beside the vCPUs and GPUs; no page names the "
            "quota. Both versions count while one bakes: ask for more before `up`.",
            documented(f"{_AGENT_PLATFORM}/machine-learning/quotas", _TODAY),
            when=lambda one: (one.props.number_or_none("maxReplicas") or 0) > 50,
        ),
        Caveat(
            (_DEPLOYMENT,),
            "An endpoint with hours is refused to its callers outside of them, and for ten to twenty minutes after "
            "they begin. No page says that a model which is put on again gets the service attachment that it had: "
            "where it gets another, the run of the hours fails, its alert rings, and `pulumi up` leads the address "
            "there.",
            documented("https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect", _READ),
            when=lambda one: one.props.is_given("hours"),
        ),
        Caveat(
            (_VERTEX,),
            "A caller of another project makes its own forwarding rule. Google may close it once no model stood for "
            "ten minutes, as outside of hours; an endpoint that was switched off comes back with another service "
            "attachment. Nothing of the stack sees either: the caller makes its rule anew, as the output callers says.",
            documented("https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect", _READ),
            when=lambda one: len({*one.props.each_text_if_known("privateServiceConnectConfig.projectAllowlists")}) > 1,
        ),
        Caveat(
            (_SCHEDULER,),
            "No page that was read says whether this region has Cloud Scheduler, and `up` would be refused without: "
            "see that `gcloud scheduler locations list` has it.",
            documented("https://docs.cloud.google.com/scheduler/docs/locations", _TODAY),
            when=lambda one: one.props.text_if_known("region") in load("gcp").regions_with_schedules_unseen,
        ),
        Caveat(
            (_WORKFLOW,),
            "Google has no policy on a single workflow, and no condition reads its name. So the data scientists, who "
            "start the runs of a training job by hand, may start each workflow of the project, those of batch jobs and "
            "of hours among them: a run does what its definition says, and the audit log says who started it. A tag "
            "on each workflow could bound them; its key is an administrator's to make, and no stack makes one.",
            documented("https://cloud.google.com/iam/docs/conditions-resource-attributes", "2026-11-28"),
            when=lambda one: one.props.section_or_empty("labels").is_given(RUNS_PER_MONTH),
        ),
        Caveat(
            (_WORKBENCH,),
            "Who is taken out of the stack file may still work in JupyterLab for up to five days, by a page that is "
            "open: stop that person's instance at once, by `gcloud workbench instances stop NAME --location=ZONE`.",
            documented(f"{_WORKBENCH_PAGES}/manage-access-jupyterlab", _TODAY),
        ),
        Caveat(
            (_WORKBENCH,),
            "Google's page says that an instance of one user boots as Compute Engine's default account. Ours names an "
            "account of its own, which is taken to be the one. Where the project's default account is deleted or "
            "disabled, see that the first instance comes up before others count on it.",
            documented(f"{_WORKBENCH_PAGES}/manage-access-jupyterlab", _TODAY),
        ),
        Caveat(
            (_WORKBENCH,),
            "The labels of a Workbench instance are that resource's own. No page says that the machine and the disks "
            "behind it carry them, which Compute Engine bills: a bill by label may miss these, and the budget, which "
            "counts the whole project, does not.",
            documented(
                "https://cloud.google.com/vertex-ai/docs/workbench/reference/rest/v2/projects.locations.instances",
                _READ,
            ),
        ),
    ),
    "azure": (
        Caveat(
            (_COMPUTE, _ONLINE),
            "Azure's page on its quota API names the quotas of a series and of low priority. Whether it takes one for "
            "all dedicated machines together is not said: where the step's command finds no such name, ask for it in "
            "the studio, under Quota.",
            documented("https://learn.microsoft.com/en-us/rest/api/quota/quota/create-or-update", "2026-11-28"),
        ),
        Caveat(
            (_COMPUTE, _ONLINE),
            "Computes and deployments run in a network that Azure manages for their workspace. The stack's security "
            "groups do not bind them; the workspace's outbound rules do.",
            documented(f"{_AZURE_ML}/how-to-managed-network", _READ),
        ),
        Caveat(
            (_SCHEDULE,),
            "What the machines of one run say to each other is encrypted by nothing but the program: of encryption in "
            "transit Azure ML promises that between its own services, and to the storage.",
            documented(f"{_AZURE_ML}/concept-data-encryption", _READ),
        ),
        Caveat(
            (_SCHEDULE,),
            "No page of Azure ML's says that each trial of a sweep has a folder of its own for what it trains. It is "
            "taken to have one, for it is a job whose name is in the address: see it after the first run.",
            documented(f"{_AZURE_ML}/concept-expressions", "2026-11-28"),
            when=lambda one: any(
                step.text_or_empty("type") == "sweep"
                for step in one.props.each_section("properties.action.jobDefinition.jobs.*")
            ),
        ),
        Caveat(
            (_SCHEDULE,),
            "Azure ML stops a run by how long it runs, and never by how long it waits for machines. An alarm rings "
            "when one waits longer than its file says; a person then cancels it.",
            documented(f"{_AZURE_ML}/reference-yaml-component-command", _READ),
        ),
        Caveat(
            (_SCHEDULE,),
            "Azure ML lets nobody delete a schedule that is on. `mlplatform teardown` switches it off; before an `up` "
            "that switches its job off or renames it, do `az ml schedule disable --name NAME` as who deploys. Each has "
            "a logic app of Microsoft's, which bills a little beside the ceiling.",
            documented(f"{_AZURE_ML}/how-to-schedule-pipeline-job", "2026-11-28"),
            when=lambda one: one.props.flag_or_none("properties.isEnabled") is not False,
        ),
        Caveat(
            (_COMPUTE,),
            "Whoever may start jobs may start one on any cluster of the workspace, which acts as the cluster's "
            "identity. The one that builds images acts as the workspace's own, which is Contributor where data, keys "
            "and images lie: so a data scientist and `pipeline` can come by its rights. Azure has no right to start "
            "jobs on one cluster alone.",
            documented(f"{_AZURE_ML}/how-to-identity-based-service-authentication", "2026-11-28"),
            when=lambda one: one.props.text_or_empty("properties.computeType") == "AmlCompute",
        ),
        Caveat(
            (_COMPUTE,),
            "Microsoft's page says that a machine with an identity stops when idle only where that is Contributor on "
            "the workspace. Ours may stop machines and is no Contributor, which is taken to be enough: see in the "
            "first evening that each machine has stopped, or it bills all night.",
            documented(f"{_AZURE_ML}/how-to-identity-based-service-authentication", "2026-11-28"),
            when=lambda one: one.props.text_or_empty("properties.computeType") == "ComputeInstance",
        ),
        Caveat(
            (_WORKSPACE,),
            "Azure ML opens the way from its managed network to the service tags that it needs, and a stack cannot "
            "close them.",
            documented(f"{_AZURE_ML}/how-to-managed-network", _READ),
        ),
        Caveat(
            (_WORKSPACE,),
            "Names, tags and states of runs, machines and models rest under Microsoft's key, unless a landing zone "
            "gives one. Azure ML supports no key there that rotates, and none in a vault whose public access is off.",
            documented(f"{_AZURE_ML}/concept-customer-managed-keys", _READ),
        ),
        Caveat(
            (_WORKSPACE,),
            "People open the studio, and what runs for them, from a network that is joined to the stack's and reads "
            "its private zones. The other side makes its own half of the peering: until then nobody signs in.",
            documented(f"{_AZURE_ML}/how-to-secure-workspace-vnet", _READ),
        ),
        Caveat(
            (_WORKSPACE,),
            "Microsoft's pages call two things a preview that a workspace of ours stands on: storage without account "
            "keys, and a managed network that is made with the workspace.",
            documented(f"{_AZURE_ML}/how-to-disable-local-auth-storage", "2026-11-27"),
        ),
        Caveat(
            (_CONSUMPTION,),
            "In a new subscription Azure makes no budget at once: it may take up to 48 hours until Cost Management can "
            "be used there. An `up` that Azure refuses for this is done again after them.",
            documented(
                "https://learn.microsoft.com/en-us/azure/cost-management-billing/costs/quick-create-budget-bicep",
                _TODAY,
            ),
        ),
        Caveat(
            (_INSIGHTS,),
            "Beside Application Insights Azure makes an alert rule (Failure Anomalies) and an action group of its own. "
            "Neither is in the plan or has a tag of the stack's; both go with the resource group.",
            documented("https://github.com/hashicorp/terraform-provider-azurerm/issues/10563", "2026-11-27"),
        ),
        Caveat(
            (_ONLINE,),
            "The alarm of an endpoint that nobody calls looks back two days at most. So it says that it is resolved a "
            "day after it rang, though nobody has called and the endpoint bills.",
            documented("https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-troubleshoot-log", _READ),
        ),
        Caveat(
            (_COMPUTE,),
            "Azure starts a job again when it took its Spot machine away, and no page says how often. The ceiling of a "
            "job counts its time once, at the price on demand.",
            documented("https://hi-ml.readthedocs.io/en/latest/lowpriority.html", _TODAY),
            when=lambda one: one.props.text_if_known("properties.properties.vmPriority") == "LowPriority",
        ),
        Caveat(
            (_ONLINE,),
            "All online endpoints of a workspace are called through its one private endpoint. Roles tell their callers "
            "apart, the network does not.",
            documented(f"{_AZURE_ML}/concept-secure-online-endpoint", _READ),
        ),
    ),
}
"""By platform."""


def of(graph: Graph) -> list[Caveat]:
    """The caveats of what a stack has: the platform's, then where what stands may not be what was judged."""
    own = [caveat for caveat in CAVEATS.get(graph.platform, ()) if any(map(caveat.when, graph.of(*caveat.about)))]
    return own + [
        Caveat((one.type,), f"{one.says} Bring together with: {one.together}.", one.evidence, apart=True)
        for one in differences(graph)
        if one.together
    ]
