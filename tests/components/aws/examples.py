"""One example of the arguments of each component of AWS: the least that a program of another project writes."""

from collections.abc import Mapping

from components.aws.monitoring import AlertsArgs
from components.given import Args

ACCOUNT, REGION = "111122223333", "us-east-1"
TAGS = {
    "platform": "aws",
    "stack": "it",
    "team": "payments-risk",
    "cost-center": "cc-1042",
    "environment": "pilot",
    "owner": "ana@example.com",
}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"

EXAMPLES: Mapping[str, Args] = {
    "Alerts": AlertsArgs(account=ACCOUNT, owner="ana@example.com", logs_key_arn=KEY, tags=TAGS),
}
