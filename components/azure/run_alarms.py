"""What rings where a run of a job failed, has not ended in time, or none succeeded that was due.

Azure ML logs each step of a run as a job of its own, by the name of its experiment and of its cluster; the name of the
step is in no column. So each step of a pipeline has a cluster of its own, and an alarm says by it which step it is.
Source: https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/amlcomputejobevent
"""

from collections.abc import Sequence

import pulumi

from catalogue.pauses import longest_pause_hours
from components.azure.monitoring import QueryAlarm, alarm_on_logs, rows
from components.azure.runs import Runs, cluster_name
from components.shapes import Schedule

LOOKS_BACK_HOURS = 47
"""How long before now an alarm on logs still sees what happened: two days, less an hour until it looks,
https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-create-log-alert-rule
"""


class RunAlarms:
    """The alarms on the runs of a job. Their names begin with `name`, as all that is created of it."""

    def __init__(self, name: str, runs: Runs, opts: pulumi.ResourceOptions) -> None:
        self._name, self._runs, self._opts = name, runs, opts
        self._step = "Step" if runs.steps[0].part else ""
        self._by_step = f" by {self._step}" if self._step else ""

    def on_failed(self) -> None:
        """A step failed or was stopped."""
        self._ring(
            "failed",
            "a run of {} failed or was stopped",
            "EventType: string",
            f" | summarize Failed = countif(EventType in ('JobFailed', 'JobCancelled', 'JobCanceled')){self._by_step}",
        )

    def on_late(self, step_hours: int) -> None:
        """A step has not ended in so many hours and one more, for nothing bounds what it waits for machines."""
        hours, by = min(step_hours + 1, LOOKS_BACK_HOURS - 1), f", {self._step}" if self._step else ""
        self._ring(
            "late",
            f"a run of {{}} has not ended after {hours} hours",
            "TimeGenerated: datetime, JobId: string, EventType: string",
            f" | summarize Begun = countif(EventType == 'JobSubmitted' and TimeGenerated < ago({hours}h)),"
            " Ended = countif(EventType in"
            f" ('JobSucceeded', 'JobFailed', 'JobCancelled', 'JobCanceled')) by JobId{by}"
            f" | summarize Late = countif(Begun > 0 and Ended == 0){self._by_step}",
        )

    def on_missed(self, schedule: Schedule, run_hours: int) -> None:
        """No run succeeded that was due, which fails nowhere else. It rings until a first run has succeeded, too. A run
        has succeeded with each step that no other reads. None where that is longer ago than an alarm looks back.
        """
        hours = longest_pause_hours(schedule.cron) + run_hours + 1
        if hours > LOOKS_BACK_HOURS:
            return
        read = {before for step in self._runs.steps for before in step.after.values()}
        ends = [step for step in self._runs.steps if step.name not in read]
        for end in ends:
            last = f" and {self._step} == '{end.part}'" if self._step else ""
            self._ring(
                "missed",
                f"no run of {{}} succeeded when it was due{f' with its step {end.part}' if len(ends) > 1 else ''}",
                "TimeGenerated: datetime, EventType: string",
                f" | summarize Done = countif(EventType == 'JobSucceeded' and TimeGenerated > ago({hours}h){last})"
                " | project Missed = iff(Done == 0, 1, 0)",
                by_step=False,
                of=f"-{end.part}" if len(ends) > 1 else "",
            )

    def _ring(self, what: str, says: str, columns: str, then: str, by_step: bool = True, of: str = "") -> None:
        """Alarm on what the query counts, with the step that it counts it of; `of` tells several alarms apart."""
        described, often = pulumi.Output.from_input(self._runs.job_name).apply(says.format), what == "failed"
        alarm_on_logs(
            f"{self._name}{of}-{what}",
            QueryAlarm(
                description=described,
                query=pulumi.Output.concat(self._events(columns), then),
                column=what.capitalize(),
                split_by=self._step if by_step else "",
                operator="GreaterThan",
                threshold=0,
                window="PT15M" if often else "P2D",
                every="PT15M" if often else "PT1H",
            ),
            self._runs,
            self._opts,
        )

    def _events(self, columns: str) -> pulumi.Output[str]:
        """The events of the job's runs as the head of a query, with the columns, each with its type."""
        extended: pulumi.Output[str] | str = ""
        if self._step:
            columns = f"{columns}, {self._step}: string"
            names = pulumi.Output.all(*(cluster_name(self._name, self._runs, step) for step in self._runs.steps))
            extended = names.apply(lambda known: f" | extend {self._step} = {self._named(known)}")
        names_only = ", ".join(column.partition(":")[0] for column in columns.split(", "))
        return rows(
            columns,
            pulumi.Output.concat(
                "AmlComputeJobEvent | where ExperimentName == '",
                self._runs.job_name,
                "'",
                extended,
                f" | project {names_only}",
            ),
        )

    def _named(self, clusters: Sequence[str]) -> str:
        """The step by its cluster; of a cluster that is no more, its name."""
        pairs = zip(clusters, self._runs.steps, strict=True)
        steps = "".join(f"ClusterName =~ '{cluster}', '{step.part}', " for cluster, step in pairs)
        return f"case({steps}ClusterName)"
