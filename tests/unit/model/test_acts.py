"""Acts as values. Source: src/parvis/model/acts.py."""

from parvis.model.acts import SPEECH, Act, ActKind
from parvis.model.person import Person


def test_text_stays_out_of_logs() -> None:
    """The kind alone."""
    assert repr(Act(kind=ActKind.TOPIC, person=Person(), now_ms=0, text="a secret")) == "Act(topic)"


def test_speech_is_what_is_said_to_somebody() -> None:
    """Messages of every kind, and nothing else."""
    assert {kind for kind in ActKind if "message" in kind or kind == "notice"} == SPEECH
