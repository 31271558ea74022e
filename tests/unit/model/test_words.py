"""Words for people. Source: src/parvis/model/words.py."""

from parvis.model.words import Words


def test_names_stay_out_of_logs() -> None:
    """The id alone."""
    assert repr(Words("refused-pace", {"name": "ada"})) == "Words(refused-pace)"
