"""A written pipeline: its text, and what became of the plan."""

from dataclasses import dataclass
from typing import Any

from waves.files.documents import yaml_text
from waves.pipelines.saying import Said


@dataclass(frozen=True)
class Written:
    """A pipeline that was made from a plan.

    Attributes
    ----------
    text : str
        The file.
    said : Said
        The nearest plan that the system can say, and what it cannot.
    """

    text: str
    said: Said


def text_of_tree(tree: dict[str, Any], entries: str) -> str:
    """Return a tree as YAML, with an empty line before each key of the top and each entry of one of them.

    Parameters
    ----------
    tree
        Plain values.
    entries
        The key whose entries are set apart.
    """
    blocks = []
    for key, value in tree.items():
        if key != entries:
            blocks.append(yaml_text({key: value}))
            continue
        for n, (name, body) in enumerate(value.items()):
            text = yaml_text({key: {name: body}})
            blocks.append(text if n == 0 else text.split("\n", 1)[1])
    return "\n".join(blocks)
