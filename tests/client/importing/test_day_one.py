"""What Day One exports, field by field: zones, escapes and code, marks, tags, attachments."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.importing.day_one import read_day_one
from diaryclient.importing.finding import Draft, Oddity
from diaryclient.importing.planning import plan_import
from protocol.stamp import Stamp
from tests.client.fakes import START
from tests.client.loopback import Loopback, Run

WHEN = "2020-07-01T23:30:00Z"
SHANGHAI = 480


def journal(*entries: object) -> str:
    """Give an export of entries."""
    return json.dumps({"metadata": {"version": "1.0"}, "entries": list(entries)})


def draft(**fields: object) -> Draft:
    """Read one entry of these fields."""
    entry = {"creationDate": WHEN, "timeZone": "UTC", "text": "text", **fields}
    [found] = [each for each in read_day_one(journal(entry)) if isinstance(each, Draft)]
    return found


def told(**fields: object) -> list[tuple[str, str]]:
    """Give what is told of one entry, and where."""
    entry = {"creationDate": WHEN, "timeZone": "UTC", "text": "text", **fields}
    found = read_day_one(journal(entry))
    return [(each.place, each.words) for each in found if isinstance(each, Oddity)]


@pytest.mark.parametrize(
    ("zone", "stamp"),
    [
        ("Europe/Berlin", "2020-07-02T01:30:00.000+02:00"),
        ("America\\/New_York", "2020-07-01T19:30:00.000-04:00"),
        ("GMT+0200", "2020-07-02T01:30:00.000+02:00"),
        ("GMT-05:30", "2020-07-01T18:00:00.000-05:30"),
        ("UTC+2", "2020-07-02T01:30:00.000+02:00"),
        ("+0545", "2020-07-02T05:15:00.000+05:45"),
    ],
)
def test_a_zone_is_known_by_its_name_or_its_offset(zone: str, stamp: str) -> None:
    """As Day One, and what converts to its form, write it."""
    plan = plan_import([draft(timeZone=zone)], lambda _: SHANGHAI, START)
    assert [str(Stamp(row.at, row.off)) for row in plan.rows] == [stamp]
    assert told(timeZone=zone) == []


@pytest.mark.parametrize(
    "zone", [None, "Nowhere/City", "GMT+9900", "GMT+0260", "../x", "", 8, "\0"]
)
def test_an_entry_without_a_zone_gets_that_of_the_import(zone: object) -> None:
    """At the same moment, and it is told."""
    plan = plan_import([draft(timeZone=zone)], lambda _: SHANGHAI, START)
    assert [str(Stamp(row.at, row.off)) for row in plan.rows] == ["2020-07-02T07:30:00.000+08:00"]
    assert told(timeZone=zone) == [
        ("entry 1", "without a time zone that is known, in that of --tz")
    ]


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", None])
def test_the_ends_of_the_calendar_are_left_out(date: str, zone: str | None) -> None:
    """With the entry's place, whatever the zone."""
    found = read_day_one(journal({"creationDate": date, "timeZone": zone, "text": "x"}))
    plan = plan_import(found, lambda _: SHANGHAI, START)
    assert (plan.rows, [each.place for each in plan.skipped]) == ([], ["entry 1"])


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("far\\. \\- \\*no star\\*", "far. - *no star*"),
        ("```\nC:\\_temp\\[a\\]\n```", "```\nC:\\_temp\\[a\\]\n```"),
        ("~~~\n\\.\n~~~\n\\.", "~~~\n\\.\n~~~\n."),
        ("```\n\\.", "```\n."),
        ("a `C:\\_temp` \\_ ``x ` \\_`` \\_", "a `C:\\_temp` _ ``x ` \\_`` _"),
        ("\\`no \\_ code\\`", "`no _ code`"),
        ("a\\\\_b", "a\\_b"),
        ("[](dayone-moment://AB12)\n\nOld link form", "Old link form"),
        ("a ![](dayone-moment://AB12) b", "a  b"),
        ("a ![](dayone-moment://AB12) \nb", "a  \nb"),
        ("a\n![](dayone-moment:/video/AB12)\nb", "a\n\nb"),
        ("`![](dayone-moment://AB12)`", "`![](dayone-moment://AB12)`"),
        ("[mine](https://example.org)", "[mine](https://example.org)"),
    ],
)
def test_escapes_and_marks_go_and_nothing_beside_them(written: str, text: str) -> None:
    """Not the space, not the line's end, and nothing in code."""
    assert draft(text=written).text == text


@pytest.mark.parametrize("key", ["text", "starred", "tags", "photos", "location"])
@pytest.mark.parametrize("value", [None, 1, [], {}, [1], {"a": 1}, "true"])
def test_a_field_of_an_odd_type_is_lost_and_its_entry_is_not(key: str, value: object) -> None:
    """Every loss is told; nothing is no loss."""
    found = draft(**{key: value})
    assert found.starred is False
    if key != "text":
        assert found.text == "text"
    if key in {"starred", "text"} and value is not None and value != "true":
        assert told(**{key: value})


def test_attachments_are_counted_and_named(run: Run, logged_in: Loopback, tmp_path: Path) -> None:
    """By the names of their files in the export, a kind in a line."""
    entry = {
        "creationDate": WHEN,
        "timeZone": "UTC",
        "text": "Lake",
        "photos": [
            {"md5": "9a2d", "type": "jpeg", "identifier": "X"},
            {"identifier": "Y", "type": "png"},
        ],
        "videos": [{"md5": "77ff", "type": "mov"}, 3],
        "pdfAttachments": {"odd": 1},
    }
    path = tmp_path / "Journal.json"
    path.write_text(journal(entry))
    status, out, _ = run("import", "--dry-run", str(path))
    assert status == 0
    assert out.splitlines()[1:] == [
        "2 left out: photo (entry 1 9a2d.jpeg, entry 1 Y)",
        "2 left out: video (entry 1 77ff.mov, entry 1)",
        "1 left out: PDF (entry 1)",
    ]


@given(st.text(alphabet="\\`~![]()_.\na dayone-moment:", max_size=80))
def test_what_is_not_escaped_and_no_mark_stays(text: str) -> None:
    """Letters are never lost but those of a mark."""
    if "dayone-moment" not in text:
        shown = draft(text=text).text
        assert sorted(filter(str.isalpha, shown)) == sorted(filter(str.isalpha, text))
