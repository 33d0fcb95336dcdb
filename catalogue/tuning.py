"""What the tuning jobs of SageMaker are called: a name of 32 characters, into which the time of a run must go too."""

import hashlib

LONGEST = 32 - len("-2026-11-2602300000")
"""What SageMaker's 32 characters leave for the name of a job beside its run and its attempt.
CreateHyperParameterTuningJob, HyperParameterTuningJobName,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
"""


def shortened(name: str, room: int) -> str:
    """A name that fits the room. One that is cut has a digest of the whole, so that no two become one."""
    if len(name) <= room:
        return name
    return f"{name[: room - 5].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:4]}"


def begins(job_name: str) -> str:
    """How the name of each tuning job of a training job begins, and so that of each of its trials. A role is granted
    jobs by it."""
    return shortened(job_name, LONGEST)
