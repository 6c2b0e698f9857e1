"""What the pipeline writes for the report: which datasets, models and experiments there should be.

Where in the flow: repro.runs.load writes specs/report.json, repro.train.model_writer health.json;
the report reads both by these types, so that it can name what is missing.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from repro.claims.ground import BoundRole
from repro.runs.report_inputs import Shown


class _Tolerant(BaseModel):
    """Base of what the pipeline writes for the report: further keys are left unread."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ReportExperiment(_Tolerant):
    name: str
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
    def hashed(self) -> list[str]:
        """Datasets that the run de-duplicates: `dedup: {}` asks for the paper's options."""
        wanted = {name: one for name, one in self.datasets.items() if isinstance(one, Mapping)}
        return [name for name, one in wanted.items() if one.get("dedup") not in (None, False)]

    @property
    def shown(self) -> Shown:
        """What the report shows of the run's folders."""
        return Shown(
            datasets=list(self.datasets),
            hashed=self.hashed,
            models=list(self.models),
            experiments=[one.name for one in self.experiments],
        )

    @property
    def own_pictures(self) -> bool:
        """Whether it is a run on the reader's own photos, which says nothing of the paper."""
        return self.photos is not None
