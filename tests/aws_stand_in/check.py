"""The check of every answer before it is sent: botocore's own validator on the output shape, enums and maxima too.

Not here: what becomes of an answer that fails (`server`).
"""

from typing import Any

from botocore.model import Shape
from botocore.validate import ParamValidator

from tests.aws_stand_in.protocols import model

_VALIDATOR = ParamValidator()


def faults(service: str, operation: str, value: dict[str, Any], *, strange: bool = False, answer: bool = True) -> str:
    """Say what is wrong with an answer, or with the parameters of a request; empty where nothing is.

    Parameters
    ----------
    service, operation
        Whose shape.
    value
        The answer, or the parameters.
    strange
        Whether enum values that the model does not list are meant.
    answer
        False for parameters.
    """
    found = model(service).operation_model(operation)
    shape = found.output_shape if answer else found.input_shape
    if shape is None:
        return f"{operation} has no parameters, got {value}" if value else ""
    report = _VALIDATOR.validate(value, shape)
    text = report.generate_report() if report.has_errors() else ""
    return text or "; ".join(_further(shape, value, operation, strange))


def _further(shape: Shape, value: Any, where: str, strange: bool) -> list[str]:
    """What botocore leaves unchecked: enums, and lengths and values that are too great."""
    found: list[str] = []
    if getattr(shape, "is_document_type", False):
        return found
    if shape.type_name == "structure":
        for key, item in value.items():
            found += _further(shape.members[key], item, f"{where}.{key}", strange)
        return found
    size = value if shape.type_name in ("integer", "long") else len(value) if hasattr(value, "__len__") else None
    most = shape.metadata.get("max")
    if most is not None and size is not None and size > most:
        found.append(f"{where} is {size}, the most is {most}")
    if shape.type_name == "list":
        for item in value:
            found += _further(shape.member, item, f"{where}[]", strange)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum and not strange:
        found.append(f"{where} is {value!r}, which is none of {shape.enum}")
    return found
