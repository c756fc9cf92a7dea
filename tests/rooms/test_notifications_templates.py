"""Promises of the registered words: whole in three languages, refused when wrong, counted as the network counts."""

import shutil
from datetime import UTC, datetime
from itertools import product

import pytest

from complaints import letters
from complaints.desk import Registration, register
from complaints.records import Company, Message
from notifications import templates
from notifications.errors import Refused, TemplateError
from notifications.segments import is_unicode, segments
from sunwai import reference

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
NUMBER = "+915000000123"


def message(template="docket_closed", language="en", variables=None, to=NUMBER):
    return Message("cause", template, language, to, {"docket": "12345674"} if variables is None else variables)


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "templates"
    shutil.copytree(templates.FOLDER, copy)
    return copy


@pytest.fixture(scope="module")
def ours():
    return templates.load_templates()


def test_a_message_is_put_into_the_words_of_its_language(ours):
    letter = ours.letter(message(language="hi"), NUMBER)

    assert "12345674" in letter.text
    assert "शिकायत" in letter.text
    assert letter.language == "hi"
    assert letter.registration.header == "PVIDYT-S"
    assert letter.registration.template != ours.letter(message(), NUMBER).registration.template


@pytest.mark.parametrize("language", ["marker", "xx"])
def test_a_language_without_words_of_its_own_gets_english(ours, language):
    letter = ours.letter(message(language=language), NUMBER)

    assert letter.text == ours.letter(message(), NUMBER).text
    assert letter.language == "en"


def test_every_letter_of_the_desk_has_its_words_and_stays_within_four_parts(ours):
    company = Company("PV", "Purvi Vidyut")
    for category, language in product(reference.categories(), ("hi", "ur", "en")):
        facts = Registration("c", "12345674", company, category, language, phone=NUMBER)
        docket = register(facts, NOW).docket
        written = (
            letters.registered(docket, category, company),
            letters.reopened(docket),
            letters.closed(docket),
            letters.not_reached(docket),
            letters.not_satisfied(docket, "J09"),
        )
        assert all(1 <= ours.letter(each, NUMBER).segments <= 4 for each in written)


def test_a_template_that_is_not_registered_cannot_be_sent(ours):
    with pytest.raises(Refused, match="not registered"):
        ours.letter(message("greetings"), NUMBER)


@pytest.mark.parametrize("variables", [{}, {"docket": " "}])
def test_a_message_without_its_variables_cannot_be_sent(ours, variables):
    with pytest.raises(Refused, match="docket"):
        ours.letter(message(variables=variables), NUMBER)


def test_a_variable_is_put_in_as_it_is_and_never_read_as_a_template(ours):
    assert "{level}" in ours.letter(message(variables={"docket": "{level}"}), NUMBER).text


def test_a_variable_cannot_bring_a_second_line(ours):
    with pytest.raises(Refused, match="control"):
        ours.letter(message(variables={"docket": "1\n2"}), NUMBER)


@pytest.mark.parametrize("to", ["", "1912", "officer:J09", "+9150000001x3"])
def test_what_is_no_number_cannot_be_sent_to(ours, to):
    with pytest.raises(Refused, match="no number") as refused:
        ours.letter(message(), to)
    assert to == "" or to not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[docket_closed]", "[docket_lost]", "docket_lost: no message of ours"),
        ("[docket_closed]", "[docket_lost]", "docket_closed is missing"),
        ('"1912: complaint {docket} is closed', '"1912: complaint {number} is closed', "no others: docket"),
        ('"1912: complaint {docket} is closed', '"1912: complaint is closed', "no others: docket"),
        ('"1912: complaint {docket} is closed', '"1912: {complaint {docket} is closed', "no others: docket"),
        ('header = "PVIDYT-T"', 'header = "PVIDYT-S"', "ends in|six letters and -T"),
        ('category = "service"', 'category = "promotional"', "not registered"),
        ('dlt = "1107000000000010001"', 'dlt = ""', "not registered"),
        ('dlt = "1107000000000010001"\n', "", "not registered"),
        ('entity = "1101', 'entity = "01', "19 digits"),
        ("[call_cut]", "[call_cut", r"en\.toml: "),
    ],
)
def test_a_wrong_template_is_refused_with_file_and_reason(folder, old, new, reason):
    path = folder / "en.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(TemplateError, match=reason) as refused:
        templates.load_templates(folder)
    assert str(path) in str(refused.value)


def test_the_line_of_a_wrong_template_is_told(folder):
    path = folder / "ur.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    head = lines.index("[call_cut]")
    lines[head + 2] = 'header = "PV"'
    path.write_text("\n".join(lines), encoding="utf-8")

    with pytest.raises(TemplateError) as refused:
        templates.load_templates(folder)
    assert str(refused.value).startswith(f"{path}:{head + 1}: call_cut: ")


def test_a_missing_language_is_refused(folder):
    (folder / "ur.toml").unlink()

    with pytest.raises(TemplateError, match="language is missing"):
        templates.load_templates(folder)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 0),
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("श" * 70, 1),
        ("श" * 71, 2),
        ("ب" * 134, 2),
        ("ب" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("श" * 66 + "😀" + "श" * 66, 3),
    ],
)
def test_parts_are_counted_as_the_network_counts_them(text, parts):
    assert segments(text) == parts


def test_english_words_of_ours_stay_in_the_cheaper_alphabet(ours):
    assert not is_unicode(ours.get("en", "docket_registered").text)
    assert is_unicode(ours.get("ur", "docket_registered").text)
