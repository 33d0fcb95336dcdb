"""Service accounts: the accounts, who may act as them, and their keys, which a rule forbids."""

from catalogue.answers import Answer, Request, google_words
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import No, from_source
from catalogue.kinds.gcp import ACCOUNT, NOT_MADE, acting, grant, granting, identity, in_terraform

MEMBER = "gcp:serviceaccount/iAMMember:IAMMember"
ACCOUNT_KEY = "gcp:serviceaccount/key:Key"
_LOOKED_FOR = from_source(
    "https://github.com/hashicorp/terraform-provider-google/blob/e03b7622/google/services/resourcemanager/"
    "resource_google_service_account.go",
    "2026-11-27",
)  # PollingWaitTime


def _account(request: Request) -> Answer:
    words = google_words(request)
    email = f"{words['accountId']}@{words['project']}.iam.gserviceaccount.com"
    name = f"projects/{words['project']}/serviceAccounts/{email}"
    unique = request.digits(21)
    return Answer(name, {"name": name, "email": email, "member": f"serviceAccount:{email}", "uniqueId": unique})


KINDS = (
    identity(
        ACCOUNT,
        "serviceaccount/account",
        acts=acting(
            "resourcemanager",
            _account,
            Behaviour(name="accountId", pattern=r"[a-z]([-a-z0-9]{4,28}[a-z0-9])"),
        ),
        settles=No("the provider looks until the account is found, before it answers that it is made", _LOOKED_FOR),
        renders=in_terraform("google_service_account"),
    ),
    grant(
        MEMBER,
        "an account",
        "serviceaccount/iammember",
        acts=granting("resourcemanager", "{serviceAccountId}", Ref("serviceAccountId", (ACCOUNT,))),
        renders=in_terraform("google_service_account_iam_member"),
    ),
    identity(
        ACCOUNT_KEY,
        "serviceaccount/key",
        acts=NOT_MADE,
        renders=in_terraform("google_service_account_key"),
    ),
)
