"""A special case as a sentence, such as 'If x1_i is -0 and x2_i is less than 0, the result is +0'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["sentence"]

_IS = {
    "nan": "NaN",
    "+inf": "+infinity",
    "-inf": "-infinity",
    "inf": "infinite",
    "0": "a zero",
    "finite": "finite",
    "not finite": "infinite or NaN",
    "nonzero finite": "finite and not 0",
    "positive finite nonzero": "positive and finite",
    "negative finite nonzero": "negative and finite",
    "not inf": "not infinite",
    "not nan": "not NaN",
    "any": "anything",
    "integer": "an integer",
    "not integer": "not an integer",
    "odd integer": "an odd integer",
    "not odd integer": "not an odd integer",
    "nonzero": "not 0",
}
_COMPARED = {
    "eq": "",
    "ne": "not ",
    "lt": "less than ",
    "le": "at most ",
    "gt": "greater than ",
    "ge": "at least ",
    "equal_to": "equal to ",
    "not_equal_to": "not equal to ",
    "negation_of": "minus ",
    "same_sign_as": "of the sign of ",
    "different_sign_from": "of another sign than ",
    "equal_to_any": "equal to an element of ",
    "lt_all": "less than every element of ",
    "gt_all": "greater than every element of ",
}
_OF = {
    "real": "the real part of {}",
    "imag": "the imaginary part of {}",
    "determinant_of": "the determinant of {}",
    "abs": "the absolute value of {}",
    "signbit": "the sign bit of {}",
    "element": "an element of {}",
    "any_element": "some element of {}",
    "all_elements": "every element of {}",
    "count": "the number of {}",
    "count_minus": "the number of elements minus {}",
    "dtype_kind": "the kind of the dtype of {}",
    "ndim": "the number of axes of {}",
    "type": "the type of {}",
}


def sentence(row: Mapping[str, Any], *then: Mapping[str, Any]) -> str:
    """What a row says; `then`: the rows to which its rule leads."""
    clauses = [_clause(c) for c in row["condition"]]
    start = f"If {' and '.join(clauses)}, " if clauses else ""
    text = f"{start}{_result(row)}."
    text = text[0].upper() + text[1:]
    if then:
        text += f" There: {' and: '.join(sentence(r) for r in then)}"
    return text


def _clause(clause: Mapping[str, Any]) -> str:
    if "remaining" in clause:
        return "no other case applies"
    return f"{_term(clause['of'])} is {_value(clause['is'])}"


def _term(of: Any) -> str:
    if isinstance(of, str):
        return of
    name, inner = next(iter(of.items()))
    if isinstance(inner, list):
        return f"{name.replace('_', ' ')} of {' and '.join(map(str, inner))}"
    return _OF.get(name, name.replace("_", " ") + " of {}").format(_term(inner))


def _value(spec: Any) -> str:
    if isinstance(spec, str):
        return _IS.get(spec, spec)
    name, bound = next(iter(spec.items()))
    if name == "outside":
        return f"outside {bound[0]} to {bound[1]}"
    if isinstance(bound, list):
        return " or ".join(map(str, bound))
    return f"{_COMPARED.get(name, name.replace('_', ' ') + ' ')}{_term(bound) if isinstance(bound, dict) else bound}"


def _result(row: Mapping[str, Any]) -> str:
    result, rule = row["result"], row.get("rule")
    if not isinstance(result, dict):
        allowed = "".join(f" or {_literal(r)}" for r in row.get("also_allowed", ()))
        return f"the result is {_literal(result)}{allowed}"
    if not result:
        return f"remark: {row.get('unparsed', '')}"
    name, value = next(iter(result.items()))
    if name == "function":
        return f"the rows of {value} hold{' for successive pairs' if rule == 'reduce_with_function' else ''}"
    texts = {
        "expression": f"the results fulfil {value}"
        if "==" in str(value)
        else f"the result is as if computed by {value}",
        "raises": f"the call raises {'an error' if value == 'Exception' else value}",
        "dtype": f"the dtype is {value}",
        "correctly_rounded": "the result is correctly rounded",
        "element_truth": f"the element counts as {value}",
        "axis_size": f"the axis has {value} elements",
        "length": f"the result has {value} elements",
        "sign": f"the sign is {value}" + (", unless the result is NaN" if "unless" in result else ""),
        "computed": f"the result is {value}, rounded",
        "signed_inf": "the result is infinite, with the sign of the product",
        "nan_with_signbit": f"the result is NaN with the sign bit {value}",
        "implementation_defined": "the result is left to the implementation",
        "scale": f"the transform is scaled by {value}",
        "zero_pad_to": f"the axis is padded with zeros to {value} elements",
        "trim_to": f"the axis is cut to {value} elements",
        "use": f"{value} of the axis are used",
        "tensor": f"the result is the {value}",
        "identity_matrix": "the result is the identity matrix",
        "conjugated": "no operand is conjugated",
        "index": f"the result is the index of the {value}",
        "shape": "the result is ()",
        "ndim": f"the result has {value} axes",
        "count": f"the result is the number of elements of {value}",
        "all_of": f"the result is whether {' and '.join(value) if name == 'all_of' else ''}",
        "any_of": f"the result is whether {' or '.join(value) if name == 'any_of' else ''}",
        "real": f"the real part of the result is {value}",
        "imag": f"the imaginary part of the result is {value}",
    }
    return texts.get(name, f"the result is {_literal(result)}")


def _literal(result: Any) -> str:
    if isinstance(result, str):
        return {"nan": "NaN", "+inf": "+infinity", "-inf": "-infinity", "inf": "±infinity"}.get(
            result, "±0" if result == "0" else result
        )
    if not isinstance(result, dict):
        return str(result)
    if "complex" in result:
        loose = result.get("sign_unspecified", ())
        parts = [_literal(r) for r in result["complex"]]
        parts = [f"±{p.lstrip('+-±')}" if n in loose else p for p, n in zip(parts, ("real", "imag"), strict=True)]
        return f"({parts[0]}) + ({parts[1]})j"
    if "cis" in result:
        of = result["cis"]
        angle = _term(of["angle"])
        text = f"{_literal(of['scale'])} times (cos + j sin) of {angle}"
        return f"{text}, plus {of['plus']}" if "plus" in of else text
    name, value = next(iter(result.items()))
    of = _term(value) if isinstance(value, dict | str) else str(value)
    return {
        "same_as": of,
        "abs_of": f"the absolute value of {of}",
        "negated_abs_of": f"minus the absolute value of {of}",
        "negation_of": f"minus {of}",
        "trunc_of": f"{of} without its fraction",
        "round_of": f"{of}, rounded",
        "nearest_even_integer": f"the nearest even integer of {of}",
    }.get(name, f"{name.replace('_', ' ')} {of}")
