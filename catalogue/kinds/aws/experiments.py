"""SageMaker's record of experiments: MLflow Apps."""

from catalogue.answers import Answer, Request
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import Holds, Kind, No, Reaches, Rights, always, documented, from_source
from catalogue.kinds.aws import READ, SERVICES, acts, regional, tagged, terraform
from catalogue.kinds.aws.iam import ROLE

MLFLOW_APP = "aws:sagemaker/mlflowApp:MlflowApp"

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_CREATES = documented("https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateMlflowApp.html", READ)
_FREE = documented(
    "https://aws.amazon.com/blogs/aws/accelerate-ai-development-using-amazon-sagemaker-ai-with-serverless-mlflow/", READ
)
_VPC = documented(f"{_GUIDE}mlflow-interface-endpoint-create.html", READ)
_NO_KEY = from_source("https://www.pulumi.com/registry/packages/aws/api-docs/sagemaker/mlflowapp/", READ)


def _app(request: Request) -> Answer:
    """An App's id is made up: "This string is not part of the tracking server ARN", says its API of the name."""
    arn = f"arn:aws:sagemaker:{request.region}:{request.account}:mlflow-app/app-{request.hex(12).upper()}"
    return Answer(arn, {"arn": arn})


KINDS = (
    Kind(
        token=MLFLOW_APP,
        tags=tagged(MLFLOW_APP),
        keys=No(
            "the provider has no input for a key: the records are under AWS's own, the files under the bucket's",
            _NO_KEY,
        ),
        holds=Holds("work", _CREATES),
        reaches=Reaches(always("mlflow", "sagemaker.api"), _VPC),
        runs=No("it is serverless: AWS runs it, and bills no machine", _FREE),
        bills=No("an MLflow App is free; its files bill as what the bucket holds", _FREE),
        stands=regional(MLFLOW_APP),
        keeps=No("what people keep they delete themselves", _CREATES),
        serves=No("it runs AWS's own MLflow", _CREATES),
        acts=acts(
            "sagemaker",
            _app,
            Behaviour(name="name", pattern=r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}", refs=(Ref("roleArn", (ROLE,)),)),
        ),
        renders=terraform("sagemaker_mlflow_app"),
        rights=Rights(
            (
                "iam:PassRole",
                "sagemaker:AddTags",
                "sagemaker:CreateMlflowApp",
                "sagemaker:DescribeMlflowApp",
                "sagemaker:ListTags",
            ),
            documented(f"{SERVICES}list_amazonsagemaker.html", READ),
            (
                "sagemaker:AddTags",
                "sagemaker:DeleteTags",
                "sagemaker:DescribeMlflowApp",
                "sagemaker:ListTags",
                "sagemaker:UpdateMlflowApp",
            ),
            ("sagemaker:DeleteMlflowApp", "sagemaker:DescribeMlflowApp"),
        ),
    ),
)
