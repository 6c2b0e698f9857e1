"""What the pipeline writes for the report: which datasets, models and experiments there should be.

Where in the flow: repro.runs.load writes specs/report.json, repro.train.model_writer health.json;
the report reads both by these types, so that it can name what is missing.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from repro.claims.ground import BoundRole


class _Tolerant(BaseModel):
    """Base of what the pipeline writes for the report: further keys are left unread."""

    model_config = ConfigDict(extra="ignore", frozen=True)


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
    given: dict[str, Any] = Field({}, description="what --config gave besides the run file")
    title: str
    banner: str = ""
    description: str = ""
    config: str
    raw: str | None = None
    photos: str | None = None
    image_size: int | None = None
    channels: int | None = None
    generated: bool = False
    scale: str | None = None
    roles: dict[str, BoundRole] = {}
    departures: list[str] = []
    datasets: dict[str, Any] = {}
    models: dict[str, Any] = {}
    opens_with: list[str] = Field([], description="<experiment>/<figure or measurement>")
    repeats: list[str] = Field([], description="models that are further trainings of another one")
    experiments: list[ReportExperiment] = []

    @property
    def own_pictures(self) -> bool:
        """Whether it is a run on the reader's own photos, which says nothing of the paper."""
        return self.photos is not None
