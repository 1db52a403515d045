"""From a ranking to money: chuangtou/allocation@1 in, chuangtou/award@1 out.

`allocate` is what the screens and `manage.py allocate_file` both call.
"""

from fractions import Fraction
from typing import Any

from core.errors import FormatError
from core.exact import digest, half_up
from funding.domain.book import Book, yuan
from funding.domain.methods import METHODS
from funding.domain.reading import read

AWARD = "chuangtou/award@1"


def allocate(document: Any) -> dict[str, Any]:
    """The award document of an allocation document. Raises FormatError (path, code, Chinese sentence)."""
    job = read(document)
    method = METHODS.get(job.name)
    if method is None:
        raise FormatError("method.name", "method_not_available", f"分配办法“{job.name}”暂不可用。")
    book = Book(job)
    method(book)
    spent = sum((e.amount for e in book.entries.values()), Fraction(0))
    book.steps.append(f"资助 {len(book.funded)} 项，共 {yuan(spent)} 元，余额 {yuan(job.budget - spent)} 元。")
    answer = {
        "format": AWARD,
        "input_digest": digest(document),
        "spent": str(half_up(spent, 2)),
        "left": str(half_up(job.budget - spent, 2)),
        "awards": book.answer(),
        "steps": book.steps,
    }
    if job.name == "optimal":
        answer["proven"] = True
    return answer
