"""The rules that every system's files share: what is asked for, and where that comes from.

The rules of one system stand in its folder. "ours" is this project's own reading of a pipeline as waves.
"""

from collections.abc import Mapping

_OURS = "ours"

RULES: Mapping[str, tuple[str, str]] = {
    "alias": ("A template has no anchors and aliases.", "CloudFormation user guide: Template formats"),
    "bake-left-out": ("What stands between waves and does not say how long it takes counts as no bake.", _OURS),
    "bake-minutes": ("Bake minutes that the caller gives are not negative and fit the waves.", _OURS),
    "bake-unknown": ("A test between waves needs its minutes, from BAKE_MINUTES or from the caller.", _OURS),
    "cannot-read": ("The file exists and may be read.", _OURS),
    "complex-key": ("A key is a plain word.", "YAML 1.2"),
    "control-character": ("The file holds no control characters.", "YAML 1.2, 5.1"),
    "duplicate-key": ("A mapping holds each key once.", "YAML 1.2, 3.2.1.1"),
    "empty-file": ("The file holds a pipeline.", _OURS),
    "environment-left-out": ("Earlier environments come before the first wave, and the plan leaves them out.", _OURS),
    "environment-unknown": ("The environments that the caller names are those of deployments.", _OURS),
    "json-syntax": ("A file that ends in .json is JSON: no comments, no comma behind the last item.", "RFC 8259"),
    "letter-case": ("Values are written in the documented case.", "each system's reference"),
    "no-deployment": ("A pipeline that is read as waves deploys to at least one region.", _OURS),
    "not-a-file": ("The path names a file.", _OURS),
    "not-utf8": ("The file is UTF-8.", _OURS),
    "not-wave-shaped": ("Each wave of deployments begins after all of the wave before has ended.", _OURS),
    "region-in-two-waves": ("A region is in one wave only.", _OURS),
    "region-of": ("A region that the caller gives is that of something in the file.", _OURS),
    "region-name": (
        "A region has a code such as us-east-1, and AWS has it.",
        "AWS general reference: Regional endpoints",
    ),
    "region-unknown": ("Every deployment states its region.", _OURS),
    "scalar-for-list": (
        "Where the reference shows a list, a list stands, even of one item.",
        "each system's reference",
    ),
    "second-document": ("Nothing follows a '---' separator.", _OURS),
    "tag": ("The file has no YAML tags but, in a template, those of CloudFormation's functions.", _OURS),
    "too-deep": ("The file nests at most 64 levels.", _OURS),
    "too-large": ("The file has at most 1 MiB.", "CloudFormation user guide: Quotas"),
    "too-many": ("The file keeps within the quotas.", "each system's quotas"),
    "too-many-nodes": ("The file holds at most 200,000 values, aliases expanded.", _OURS),
    "unknown-key": ("Keys are spelt as in the reference: a near miss is an error, another key a warning.", _OURS),
    "unknown-value": ("The value is one of those in the reference.", "each system's reference"),
    "wrong-kind": ("The file is a pipeline that is known here.", _OURS),
    "wrong-type": ("A list, a mapping or a text stands where the reference has one.", "each system's reference"),
    "yaml-syntax": ("The file is YAML, or JSON.", _OURS),
}
