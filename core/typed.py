"""Numbers that people copy from papers: what may stand between their digits, and how the browser tells a slip at once.

The server's own check decides; this is what it tells static/portal/typed.js, so that no rule is written a second time there.
"""

import json
from dataclasses import asdict, dataclass

BETWEEN = r"[\s-]"
ATTRS = {"autocomplete": "off", "spellcheck": "false"}


@dataclass(frozen=True, slots=True)
class Typed:
    """`whole` and `letters` are patterns with the sentences of a refusal: of the number, and of each part of it while one types.

    In sentences `{count}` is the length and `{groups}` the number by fours.

    `drop` and `cut` are patterns of what is taken out everywhere and at the beginning. `goal` is what is told while one
    types, `good` when all fits. With `weights`, the weighted sum of the places in `signs`, the check digit among them with
    weight one, must divide by the number of signs; `says` is the refusal.
    """

    whole: tuple[str, str]
    good: str
    letters: tuple[str, str] = ("", "")
    goal: str = ""
    drop: str = BETWEEN
    cut: str = ""
    is_upper: bool = False
    signs: str = ""
    weights: tuple[int, ...] = ()
    says: str = ""

    def attrs(self, inputmode: str) -> dict[str, str]:
        """Attributes of the text box."""
        return {**ATTRS, "inputmode": inputmode, "data-typed": json.dumps(asdict(self), ensure_ascii=False)}
