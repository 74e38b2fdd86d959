"""The results that can be kept in files, field by field: what `dynsys.analysis.result_file` writes of each.

A field that a result gains gets its line here, and the format a new version.
"""

from dynsys.analysis.branch import Branch
from dynsys.analysis.branch_proof import Stretch
from dynsys.analysis.codimension_two_point import CodimensionTwoPoint
from dynsys.analysis.cycle_branch import CycleBranch
from dynsys.analysis.cycle_point import CyclePoint
from dynsys.analysis.cycles import Cycle
from dynsys.analysis.diagram import BifurcationDiagram
from dynsys.analysis.parameter_regions import Region
from dynsys.analysis.result_forms import (
    COUNT,
    FLAG,
    NUMBER,
    PLAIN,
    STATUS,
    TEXT,
    Form,
    array,
    many,
    names,
    optional,
    record,
    row,
)
from dynsys.analysis.special_point import SpecialPoint
from dynsys.analysis.two_parameter_curve import BifurcationCurve
from dynsys.analysis.two_parameters import TwoParameterDiagram


def _onward(form):
    """An orbit of 4 N + 1 states with period and parameter, and as long a direction."""

    def sized(parts, place):
        if parts is not None:
            size = (4 * place.sizes["N"] + 1) * place.sizes["R"] + 2
            if place.sizes["Y"] != size:
                raise ValueError(f"{place.name}: goes on with {place.sizes['Y']} numbers, expected {size}")
        return parts

    return Form(
        lambda value, place: sized(form.pack(value, place), place),
        lambda entry, place: sized(form.unpack(entry, place), place),
    )


_small = lambda *axes, dtype=float: array(*axes, dtype=dtype, small=True)  # noqa: E731
_ORBITS = {"meshes": array("M", "N+1"), "orbits": array("M", "4N+1", "R")}
_SOURCES = {"message": TEXT, "inputs": PLAIN}

_CYCLE = record(
    Cycle, points=_small("C", "R"), time=_small("C"), multipliers=_small("R", dtype=complex), kind=TEXT,
    period=NUMBER, residual=NUMBER, clock=TEXT,
)  # fmt: skip
_CYCLE_POINT = record(
    CyclePoint, kind=TEXT, parameter=TEXT, value=NUMBER, cycle=_CYCLE, sentence=TEXT, coefficients=PLAIN,
    onward=_onward(optional(row(_small("N+1"), _small("Y"), _small("Y")))),
)  # fmt: skip
_SPECIAL_POINT = record(
    SpecialPoint, kind=TEXT, parameter=TEXT, value=NUMBER, kappa=_small("R"), coefficients=PLAIN,
    sentence=TEXT, eigenvalues=_small("E", dtype=complex), directions=_small("K", "R+1"), residual=NUMBER,
)  # fmt: skip
_CODIMENSION_TWO_POINT = record(
    CodimensionTwoPoint, kind=TEXT, parameters=row(TEXT, TEXT), values=_small("2"), kappa=_small("R"),
    coefficients=PLAIN, sentence=TEXT, eigenvalues=_small("E", dtype=complex), residual=NUMBER,
)  # fmt: skip
_BRANCH = record(
    Branch, parameter=TEXT, state=names("R"), values=array("M"), kappa=array("M", "R"),
    eigenvalues=array("M", "R", dtype=complex), stable=array("M", dtype=bool), tangents=array("M", "R+1"),
    outputs=array("M", "O"), special_points=many(_SPECIAL_POINT), ends=row(STATUS, STATUS), source=PLAIN,
    **_SOURCES,
)  # fmt: skip
_CYCLE_BRANCH = record(
    CycleBranch, parameter=TEXT, state=names("R"), values=array("M"), periods=array("M"),
    multipliers=array("M", "R", dtype=complex), stable=array("M", dtype=bool), **_ORBITS,
    output_low=array("M", "O"), output_high=array("M", "O"), special_points=many(_CYCLE_POINT),
    ends=row(STATUS, STATUS), source=PLAIN, **_SOURCES,
)  # fmt: skip
_CURVE = record(
    BifurcationCurve, kind=TEXT, parameters=row(TEXT, TEXT), state=names("R"), values=array("M", "2"),
    kappa=array("M", "R"), eigenvalues=array("M", "R", dtype=complex), valid=array("M", dtype=bool),
    special_points=many(_CODIMENSION_TWO_POINT), ends=row(STATUS, STATUS), periods=optional(array("M")),
    images=_small("I", "R", "R"),
    **{name: optional(form) for name, form in _ORBITS.items()}, **_SOURCES,
)  # fmt: skip
_STRETCH = record(Stretch, low=NUMBER, high=NUMBER, proved=COUNT, there=COUNT)
_DIAGRAM = record(
    BifurcationDiagram, parameter=TEXT, state=names("R"), span=row(NUMBER, NUMBER), branches=many(_BRANCH),
    special_points=many(_SPECIAL_POINT), status=STATUS, output_names=many(TEXT), source=PLAIN,
    counts=many(row(NUMBER, COUNT, COUNT)), cycles=many(_CYCLE_BRANCH), proof=many(_STRETCH), **_SOURCES,
)  # fmt: skip
_REGION = record(
    Region, place=_small("2"), area=NUMBER, counts=PLAIN, label=TEXT, checked=FLAG,
    elsewhere=many(_small("2")),
)  # fmt: skip
_TWO_PARAMETERS = record(
    TwoParameterDiagram, parameters=row(TEXT, TEXT), spans=_small("2", "2"), curves=many(_CURVE),
    regions=many(_REGION), labels=array("K", "L", dtype=int), status=STATUS, source=PLAIN, **_SOURCES,
)  # fmt: skip

# By the name that stands in the file.
KINDS = {
    "Branch": (Branch, _BRANCH), "CycleBranch": (CycleBranch, _CYCLE_BRANCH),
    "BifurcationCurve": (BifurcationCurve, _CURVE), "BifurcationDiagram": (BifurcationDiagram, _DIAGRAM),
    "TwoParameterDiagram": (TwoParameterDiagram, _TWO_PARAMETERS),
}  # fmt: skip
