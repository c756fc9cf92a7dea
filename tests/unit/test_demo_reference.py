"""Promises of the reference data: complete in three languages, and refused with file, line and reason when wrong."""

import shutil

import pytest

from complaints.records import Settlement
from sunwai import reference
from sunwai.errors import SettingsError


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "reference"
    shutil.copytree(reference.FOLDER, copy)
    return copy


def change(folder, file, old, new):
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_there_are_twelve_categories_and_only_theft_is_never_asked_about():
    kinds = {kind.code: kind for kind in reference.categories()}

    assert len(kinds) == 12
    assert [code for code, kind in kinds.items() if kind.verify_after_min is None] == ["THEFT"]
    assert (kinds["SAF"].urban_h, kinds["SAF"].rural_h, kinds["SAF"].priority) == (1, 2, 0)
    assert (kinds["NEWCON"].rural_h, kinds["NEWCON"].compensation_per_day) == (360, 250)


def test_the_organisation_has_the_sizes_of_the_demo():
    found = reference.organisation()

    sizes = {kind: len(found.of("PV", kind)) for kind in reference.UNIT_KINDS}
    assert sizes == {"company": 1, "zone": 2, "circle": 4, "division": 8, "subdivision": 20}
    assert [company.code for company in found.companies] == ["PV", "UV", "PROBE"]


def test_a_class_of_place_holds_for_all_below_until_one_says_otherwise():
    found = {unit.name: unit for unit in reference.organisation().units}

    assert found["Chowk"].settlement is Settlement.URBAN
    assert found["Haldi"].settlement is Settlement.RURAL
    assert found["Tarai East"].settlement is found["Tarai West"].settlement is Settlement.REMOTE


def test_the_probe_company_asks_at_once_and_at_any_hour():
    probe = next(company for company in reference.organisation().companies if company.code == "PROBE")

    assert (probe.hours, probe.verify_delay_min) == (("00:00", "24:00"), 0)
    assert "marker" in probe.languages


def test_every_place_has_a_name_in_three_languages_and_an_id_that_names_a_file():
    found = reference.places()

    assert len(found) == 22
    assert all(set(names) == {"hi", "ur", "en"} for names in found.values())
    assert found["SD-12"] == {"hi": "हल्दी", "ur": "ہلدی", "en": "Haldi"}


def test_dispositions_and_causes_are_named_in_three_languages():
    assert len(reference.dispositions()) == 12
    assert len(reference.causes()) == 18
    assert all(len(each.names) == 3 for each in (*reference.dispositions(), *reference.causes()))


def test_no_text_of_ours_says_ticket():
    assert not [file.name for file in reference.FOLDER.glob("*.toml") if "ticket" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "reason"),
    [
        ("categories.toml", "priority = 0", 'priority = "high"', 4, "Expected `int`"),
        ("categories.toml", "rural_h = 8", "rural_h = 3", 15, "rural_h not below it"),
        ("categories.toml", 'code = "SUP-FUSE"', 'code = "SAF"', 15, "a second time"),
        ("categories.toml", "priority = 0", "urgency = 0", 4, "unknown field"),
        ("categories.toml", "[[category]]", "[[kind]]", 1, "no use for kind"),
        ("organisation.toml", 'parent = "PV"', 'parent = "XX"', 27, "no unit XX above it"),
        ("organisation.toml", 'kind = "zone"', 'kind = "village"', 27, "cannot have a village"),
        ("organisation.toml", 'id = "ZN-1"', 'id = "zone one"', 27, "letters, digits"),
        ("organisation.toml", '"24:00"]', '"25:00"]', 18, "two times"),
        ("dispositions.toml", 'en = "docket registered"', 'en = " "', 3, "a name is empty"),
    ],
)
def test_a_wrong_entry_is_refused_with_file_line_and_reason(folder, file, old, new, line, reason):
    path = change(folder, file, old, new)
    read = {"categories.toml": reference.categories, "organisation.toml": reference.organisation}

    with pytest.raises(SettingsError) as refused:
        read.get(file, reference.dispositions)(folder)

    assert str(refused.value).startswith(f"{path}:{line}: ")
    assert reason in str(refused.value)


def test_a_file_that_is_no_toml_is_refused_with_its_line(folder):
    path = change(folder, "causes.toml", 'code = "fuse"', "code = ")

    with pytest.raises(SettingsError, match=r"causes\.toml.*line 4"):
        reference.causes(path.parent)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="there is no such file"):
        reference.causes(tmp_path)
