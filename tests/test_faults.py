"""What pydantic finds wrong is a line per fault."""

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, field_validator

from cmg.faults import faults


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    epochs: int
    rate: float = 1.0

    @field_validator("rate")
    @classmethod
    def _positive(cls, rate: float) -> float:
        if rate <= 0:
            raise ValueError(f"expected a positive rate, found {rate}")
        return rate


def said(kind, value, *above):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    found = faults(caught.value, *above)
    assert not any("\n" in line or "pydantic" in line for line in found)
    return found


def test_place_expectation_and_what_was_found():
    assert said(dict[str, Inner], {"a": {"epochs": "x"}}, "scales") == [
        'scales.a.epochs: Input should be a valid integer, unable to parse string as an integer, found "x"'
    ]
    assert said(Inner, {"rate": -1}) == ["epochs: Field required", "rate: expected a positive rate, found -1.0"]
    assert said(int, "x") == ['Input should be a valid integer, unable to parse string as an integer, found "x"']
    assert said(list[int], {"a": 1}, "seeds") == ["seeds: Input should be a valid list"], "what is long is not repeated"
