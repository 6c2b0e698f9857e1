"""What the pipeline writes for the report: which datasets, models and experiments there should be.

Where in the flow: repro.runs.load writes specs/report.json, repro.train.model_writer health.json;
the report reads both by these types, so that it can name what is missing.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Tolerant(BaseModel):
    """Base of what the pipeline writes for the report: further keys are left unread."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ReportRole(_Tolerant):
    data: str | None = None
    model: str | None = None
    as_in_paper: bool | Literal["data"] = False
    kind: Literal["generated", "real"] = "real"


class ReportExperiment(_Tolerant):
    name: str
    folder: str = Field("", description="below the run's folder; experiments/<name> if empty")
    unbound: list[str] = Field([], description="inputs to which the run binds nothing")


class RecordedTrouble(_Tolerant):
    trouble: str
    step: int = Field(description="minibatch where it began")
    words: str = ""


class Health(_Tolerant):
    """health.json of a model folder: what went wrong in its training, as far as was seen."""

    findings: list[RecordedTrouble] = []
    stopped_early_at: int | None = None
    stop_on: list[str] = []


class ReportSpec(_Tolerant):
    """specs/report.json of a run: what there should be, so that what is missing can be named."""

    run: str
    named: str | None = Field(None, description="the run's name where it was given by --config")
    title: str
    banner: str = ""
    description: str = ""
    config: str
    raw: str | None = None
    photos: str | None = None
    image_size: int | None = None
    channels: int | None = None
    generated: bool = False
    roles: dict[str, ReportRole] = {}
    departures: list[str] = []
    datasets: dict[str, Any] = {}
    models: dict[str, Any] = {}
    repeats: list[str] = Field([], description="models that are further trainings of another one")
    experiments: list[ReportExperiment] = []
