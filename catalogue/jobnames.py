"""How the names of SageMaker's jobs begin, which have 63 characters with what tells one run from another, or 32."""

import base64
import hashlib

BESIDE_RUN, BESIDE_STEP = 63 - len("-2026-11-26-023000-00"), 38
"""What SageMaker's 63 characters leave for the name of a job beside its run: beside the time and the attempts that a
state machine counts, and beside what Pipelines adds ("Prefix length restrictions",
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html)."""


BESIDE_STEP_SEARCH = 6
"""What Pipelines leaves of the 32 characters of a tuning job's name, as the same page has it."""
BESIDE_SEARCH = 32 - len("-2026-11-2602300000")
"""What the 32 characters of a tuning job's name leave beside its run and its attempt: CreateHyperParameterTuningJob,
HyperParameterTuningJobName,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
"""


def shortened(job_name: str, longest: int) -> str:
    """A name that leaves room for its run. One that is cut has a digest of the whole, so that no two become one."""
    if len(job_name) <= longest:
        return job_name
    return f"{job_name[: longest - 5].rstrip('-')}-{hashlib.sha256(job_name.encode()).hexdigest()[:4]}"


def begin(job_name: str) -> list[str]:
    """How the names of the jobs of a training job begin, of a run of its own or of a step."""
    return list(dict.fromkeys(f"{shortened(job_name, most)}-" for most in (BESIDE_RUN, BESIDE_STEP)))


def search_begins(job_name: str) -> str:
    """How the name of each tuning job of a training job begins, and so that of each of its trials. A role is granted
    jobs by it."""
    return shortened(job_name, BESIDE_SEARCH)


def step_search_begins(job_name: str) -> str:
    """The same of a step of a pipeline that does the search. It has no room for a word: six letters and digits of the
    name's digest, which two names in a thousand million share."""
    return _digest(job_name)[:BESIDE_STEP_SEARCH]


def scoring_begins(job_name: str) -> str:
    """How the name of each transform job of a pipeline's step begins. It ends in six letters and digits of the name's
    digest, however short the name is: who lists transform jobs asks for a part of their names (ListTransformJobs,
    NameContains), and `score` is a part of `score-2`.
    """
    digest = _digest(job_name)[:6]
    return f"{job_name[: BESIDE_STEP - len(digest) - 1].rstrip('-')}-{digest}"


def _digest(job_name: str) -> str:
    """The digest of a name in small letters and digits."""
    return base64.b32encode(hashlib.sha256(job_name.encode()).digest()).decode().lower()
