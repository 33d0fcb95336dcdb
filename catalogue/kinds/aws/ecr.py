"""Amazon ECR: the repositories of a stack's own images."""

from catalogue.answers import attached_to, by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Resource
from catalogue.kind import Bills, Guarded, Holds, KeyAt, Keys, Kind, No, documented, setting
from catalogue.kinds.aws import READ, acts, asks, regional, registry, tagged, terraform
from catalogue.kinds.aws.kms import names_key
from catalogue.pricing import Bill, Pricing

LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"

_GUIDE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/"
_IMAGES = documented(f"{_GUIDE}Repositories.html", READ)
_EXPIRES = documented(f"{_GUIDE}LifecyclePolicies.html", READ)
_LETS_IN = documented(f"{_GUIDE}repository-policies.html", READ)
_KMS = documented(f"{_GUIDE}encryption-at-rest.html", READ)
_PRICING = documented("https://aws.amazon.com/ecr/pricing/", READ)


def _price(pricing: Pricing, resource: Resource) -> Bill:
    amount = pricing.assume("image-gb")
    return Bill("images", 0.0, amount * pricing.of("ecr-storage"), f"empty at first; {amount:g} GB in the ceiling")


_LIFECYCLE_ACTS = acts(
    "ecr",
    attached_to("repository"),
    Behaviour(refs=(Ref("repository", (REPOSITORY,)),), second="changes"),
)
_POLICY_ACTS = acts(
    "ecr",
    attached_to("repository"),
    Behaviour(refs=(Ref("repository", (REPOSITORY,)),), second="changes"),
)
_REPOSITORY_ACTS = acts(
    "ecr",
    by_name(
        "arn:aws:ecr:{region}:{account}:repository/{name}",
        repositoryUrl="{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        registryId="{account}",
    ),
    Behaviour(
        name="name",
        pattern=r"(?=.{2,256}$)([a-z0-9]+([._-][a-z0-9]+)*/)*[a-z0-9]+([._-][a-z0-9]+)*",
        refs=names_key("encryptionConfigurations.kmsKey"),
        filled="{repositoryUrl}:",
        forced="forceDelete",
    ),
)

KINDS = (
    setting(
        LIFECYCLE,
        "a repository",
        registry(LIFECYCLE),
        holds=Holds("guard", _EXPIRES),
        stands=regional(LIFECYCLE),
        acts=_LIFECYCLE_ACTS,
        renders=terraform("ecr_lifecycle_policy"),
        rights=asks("amazonelasticcontainerregistry", "ecr:PutLifecyclePolicy", deletes=("ecr:DeleteLifecyclePolicy",)),
    ),
    Kind(
        token=REPOSITORY,
        tags=tagged(REPOSITORY),
        keys=Keys((KeyAt("encryptionConfigurations.kmsKey"),), _KMS),
        holds=Holds("data", _IMAGES),
        reaches=No("SageMaker pulls images on AWS's side", _IMAGES),
        runs=No("it runs no machine", _IMAGES),
        bills=Bills(_price, _PRICING, ("Amazon EC2 Container Registry (ECR)",)),
        stands=regional(REPOSITORY),
        keeps=No("its lifecycle policy says how long, which limits-stores-expire reads", registry(LIFECYCLE)),
        serves=No("it stores images and runs none", _IMAGES),
        acts=_REPOSITORY_ACTS,
        renders=terraform("ecr_repository"),
        guarded=Guarded((LIFECYCLE, REPOSITORY_POLICY), _EXPIRES),
    ),
    setting(
        REPOSITORY_POLICY,
        "a repository",
        registry(REPOSITORY_POLICY),
        holds=Holds("guard", _LETS_IN),
        stands=regional(REPOSITORY_POLICY),
        acts=_POLICY_ACTS,
        renders=terraform("ecr_repository_policy"),
        rights=asks(
            "amazonelasticcontainerregistry", "ecr:SetRepositoryPolicy", deletes=("ecr:DeleteRepositoryPolicy",)
        ),
    ),
)
