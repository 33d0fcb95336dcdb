"""Service accounts: the accounts, who may act as them, and their keys, which a rule forbids."""

from catalogue.answers import Answer, Request, google_words
from catalogue.behaviour import Behaviour, Ref
from catalogue.kinds.gcp import ACCOUNT, NOT_MADE, acting, grant, granting, identity, in_terraform

MEMBER = "gcp:serviceaccount/iAMMember:IAMMember"
ACCOUNT_KEY = "gcp:serviceaccount/key:Key"


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
