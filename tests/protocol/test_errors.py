"""The tree of errors and the table of codes agree, and nothing is missing from either."""

from protocol import errors
from protocol.errors import NOT_YET, REFUSALS, DiaryError, ErrorCode, RefusedError

ALL = [value for value in vars(errors).values() if isinstance(value, type)]
REFUSED = [error for error in ALL if issubclass(error, RefusedError) and error is not RefusedError]


def test_every_code_but_ok_has_one_error() -> None:
    """And every refusal is in the table under its own code."""
    assert set(REFUSALS) == set(ErrorCode) - {ErrorCode.OK}
    assert sorted(error.code for error in REFUSED) == sorted(REFUSALS)
    assert all(REFUSALS[error.code] is error for error in REFUSED)


def test_every_refusal_explains_itself_within_a_note() -> None:
    """Its own words fit where the server's fit, on one line."""
    for error in REFUSED:
        assert 0 < len(error.explanation.encode()) <= 120
        assert error.explanation.isprintable()
        assert error().server_time == 0
        assert str(error()) == error.explanation
        assert str(error("a note", 5)) == "a note"


def test_exit_statuses_are_the_documented_ones() -> None:
    """Of both programs, for every error this package knows."""
    found = {error.exit_status for error in ALL if issubclass(error, DiaryError)}
    assert found == {1, 2, 3, 6, 7}
    by_code = {code: error.exit_status for code, error in REFUSALS.items()}
    assert {code for code, status in by_code.items() if status == 3} == {
        "DENIED",
        "EXPIRED",
        "REVOKED",
        "SCOPE",
    }


def test_only_undecided_outcomes_are_retried() -> None:
    """BUSY and STORAGE; every other code is final for its id."""
    assert {"BUSY", "STORAGE"} == NOT_YET
