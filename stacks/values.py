"""The values that people of this field type where a stack file takes one of a few words: one table.

`stacks/words.py` is the same for keys.
"""

import re
from collections.abc import Collection, Mapping

from catalogue.wording import close, listed

VALUES: Mapping[str, Mapping[str, str]] = {
    "platform": {
        "aws": "amazon amazon-web-services sagemaker sagemaker-ai",
        "gcp": "google google-cloud gcloud vertex vertex-ai",
        "azure": "microsoft azure-ml azureml azure-machine-learning aml",
    },
    "environment": {
        "prod": "production prd live",
        "test": "testing staging stage qa uat preprod",
        "dev": "development develop sandbox",
        "pilot": "poc proof-of-concept trial",
    },
    "kind": {
        "online": "realtime real-time synchronous sync",
        "async": "asynchronous queue queued",
    },
}
"""By key and by value, the other words for that value. A value that somebody adds (`staging`) is then itself."""


def meant(key: str, word: object, allowed: Collection[str]) -> str | None:
    """The allowed value that a word stands for, as another word for it or as a slip of the fingers; or None."""
    if not isinstance(word, str):
        return None
    parted = re.sub(r"[\s_]+", "-", word[:100].strip().lower())
    known = (value for value, words in VALUES.get(key, {}).items() if parted in words.split() and value in allowed)
    return parted if parted in allowed else next(known, None) or close(word, allowed)


def suggestion(key: str, word: str, allowed: Collection[str]) -> str:
    """The end of a sentence that names the value that is meant or, where none is, all that are allowed."""
    value = meant(key, word, allowed)
    return f"; did you mean {value}?" if value else listed(allowed)
