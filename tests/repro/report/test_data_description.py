"""repro/report/data_description.py: a reader learns which images are synthetic."""

from repro.claims.ground import BoundRole
from repro.report.data_description import describe_data, first_line
from repro.report.spec import ReportSpec


def test_real_run_is_not_called_generated() -> None:
    def spec(**role: object) -> ReportSpec:
        authors = {"kind": "generated", "data": None}  # weights without images
        roles = {"bedrooms": {"data": "rooms"} | role, "authors": authors}
        values = {"run": "r", "title": "t", "config": "c", "roles": roles}
        return ReportSpec.model_validate(values)

    assert first_line(spec(kind="real", as_in_paper=True)) == "Real data, at the paper's scale."
    assert "not at the paper's scale" in first_line(spec(kind="real", as_in_paper=False))
    weights_alone = spec(kind="real", as_in_paper=True, data=None)
    assert "not at the paper's scale" in first_line(weights_alone)
    assert first_line(spec(kind="generated")).startswith("Partly synthetic data: bedrooms")


def test_data_in_words_tells_what_part_is_generated() -> None:
    def role(kind: str, data: str | None = "x") -> BoundRole:
        return BoundRole.model_validate({"kind": kind, "data": data})

    drawn, real = role("generated"), role("real")
    unbound = role("generated", None)  # weights alone: no images to be generated
    assert describe_data({"a": drawn, "b": drawn}) == "Synthetic data."
    assert describe_data({"a": drawn, "b": real}) == "Partly synthetic data: a."
    assert describe_data({"b": real, "c": unbound}) == describe_data({}) == ""
