"""Reports as values. Source: src/parvis/model/reports.py."""

from parvis.model.ids import NOBODY, ConversationId, IdentityId
from parvis.model.reports import Category, Grade, Line, Receipt, Report, SubjectKind


def test_words_and_tokens_stay_out_of_logs() -> None:
    """Grades, categories and numbers alone."""
    line = Line(
        number=1,
        message_id="m",
        author=IdentityId(b"a" * 16),
        nick="ada",
        conversation=ConversationId(b"c" * 16),
        time_ms=1,
        text="words",
        grade=Grade.READ,
        is_chosen=True,
    )
    report = Report(
        made_ms=1,
        reporter=NOBODY,
        reporter_signal=b"",
        subject=SubjectKind.MESSAGES,
        target=line.author,
        shown="ada",
        category=Category.HATE,
        why="they said words",
        lines=(line,),
    )
    receipt = Receipt(number="P-ABCD2345", token="secret", is_merged=False, is_watched=True)
    assert [repr(each) for each in (line, report, receipt)] == [
        "Line(read)",
        "Report(hate)",
        "Receipt(P-ABCD2345)",
    ]
