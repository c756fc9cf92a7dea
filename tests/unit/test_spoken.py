"""Numbers, moments and lengths of time are spoken as people say them, in Hindi, Urdu and English."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dialplan.clips import Digits, Key, Minutes, Number, Pairs, Phrase, Place, When
from dialplan.spoken import number_clips, value_clips, vocabulary, words, written

# Written out by hand and compared once with how espeak-ng reads the figures.
HINDI = """
    0=शून्य 1=एक 2=दो 3=तीन 4=चार 5=पाँच 6=छह 7=सात 8=आठ 9=नौ
    10=दस 11=ग्यारह 12=बारह 13=तेरह 14=चौदह 15=पंद्रह 16=सोलह 17=सत्रह 18=अठारह 19=उन्नीस
    20=बीस 21=इक्कीस 22=बाईस 23=तेईस 24=चौबीस 25=पच्चीस 26=छब्बीस 27=सत्ताईस 28=अट्ठाईस 29=उनतीस
    30=तीस 31=इकतीस 32=बत्तीस 33=तैंतीस 34=चौंतीस 35=पैंतीस 36=छत्तीस 37=सैंतीस 38=अड़तीस 39=उनतालीस
    40=चालीस 41=इकतालीस 42=बयालीस 43=तैंतालीस 44=चौवालीस 45=पैंतालीस 46=छियालीस 47=सैंतालीस 48=अड़तालीस 49=उनचास
    50=पचास 51=इक्यावन 52=बावन 53=तिरपन 54=चौवन 55=पचपन 56=छप्पन 57=सत्तावन 58=अट्ठावन 59=उनसठ
    60=साठ 61=इकसठ 62=बासठ 63=तिरसठ 64=चौंसठ 65=पैंसठ 66=छियासठ 67=सड़सठ 68=अड़सठ 69=उनहत्तर
    70=सत्तर 71=इकहत्तर 72=बहत्तर 73=तिहत्तर 74=चौहत्तर 75=पचहत्तर 76=छिहत्तर 77=सतहत्तर 78=अठहत्तर 79=उन्यासी
    80=अस्सी 81=इक्यासी 82=बयासी 83=तिरासी 84=चौरासी 85=पचासी 86=छियासी 87=सत्तासी 88=अट्ठासी 89=नवासी
    90=नब्बे 91=इक्यानवे 92=बानवे 93=तिरानवे 94=चौरानवे 95=पचानवे 96=छियानवे 97=सत्तानवे 98=अट्ठानवे 99=निन्यानवे
"""
URDU = """
    0=صفر 1=ایک 2=دو 3=تین 4=چار 5=پانچ 6=چھ 7=سات 8=آٹھ 9=نو
    10=دس 11=گیارہ 12=بارہ 13=تیرہ 14=چودہ 15=پندرہ 16=سولہ 17=سترہ 18=اٹھارہ 19=انیس
    20=بیس 21=اکیس 22=بائیس 23=تئیس 24=چوبیس 25=پچیس 26=چھبیس 27=ستائیس 28=اٹھائیس 29=انتیس
    30=تیس 31=اکتیس 32=بتیس 33=تینتیس 34=چونتیس 35=پینتیس 36=چھتیس 37=سینتیس 38=اڑتیس 39=انتالیس
    40=چالیس 41=اکتالیس 42=بیالیس 43=تینتالیس 44=چوالیس 45=پینتالیس 46=چھیالیس 47=سینتالیس 48=اڑتالیس 49=انچاس
    50=پچاس 51=اکیاون 52=باون 53=ترپن 54=چون 55=پچپن 56=چھپن 57=ستاون 58=اٹھاون 59=انسٹھ
    60=ساٹھ 61=اکسٹھ 62=باسٹھ 63=ترسٹھ 64=چونسٹھ 65=پینسٹھ 66=چھیاسٹھ 67=سڑسٹھ 68=اڑسٹھ 69=انہتر
    70=ستر 71=اکہتر 72=بہتر 73=تہتر 74=چوہتر 75=پچہتر 76=چھہتر 77=ستتر 78=اٹھہتر 79=اناسی
    80=اسی 81=اکیاسی 82=بیاسی 83=تراسی 84=چوراسی 85=پچاسی 86=چھیاسی 87=ستاسی 88=اٹھاسی 89=نواسی
    90=نوے 91=اکانوے 92=بانوے 93=ترانوے 94=چورانوے 95=پچانوے 96=چھیانوے 97=ستانوے 98=اٹھانوے 99=ننانوے
"""
KOLKATA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 8, 13, 18, 30, tzinfo=KOLKATA)


def listed(text):
    return [(int(number), word) for number, _, word in (entry.partition("=") for entry in text.split())]


def moment(day, hour, minute, now=NOW):
    return When(datetime(2026, 8, day, hour, minute, tzinfo=KOLKATA), now)


@pytest.mark.parametrize(("lang", "written_list"), [("hi", HINDI), ("ur", URDU)])
def test_every_number_below_a_hundred_has_its_own_word(lang, written_list):
    entries = listed(written_list)
    assert [number for number, _ in entries] == list(range(100))
    assert [words(lang, Number(number)) for number, _ in entries] == [word for _, word in entries]
    assert len({word for _, word in entries}) == 100


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (21, "twenty-one"),
        (40, "forty"),
        (58, "fifty-eight"),
        (69, "sixty-nine"),
        (90, "ninety"),
        (99, "ninety-nine"),
    ],
)
def test_english_numbers_below_a_hundred(number, spoken):
    assert words("en", Number(number)) == spoken


@pytest.mark.parametrize(
    ("number", "hindi", "urdu", "english"),
    [
        (100, "एक सौ", "ایک سو", "one hundred"),
        (101, "एक सौ एक", "ایک سو ایک", "one hundred one"),
        (999, "नौ सौ निन्यानवे", "نو سو ننانوے", "nine hundred ninety-nine"),
        (1000, "एक हज़ार", "ایک ہزار", "one thousand"),
        (1912, "एक हज़ार नौ सौ बारह", "ایک ہزار نو سو بارہ", "one thousand nine hundred twelve"),
        (20_050, "बीस हज़ार पचास", "بیس ہزار پچاس", "twenty thousand fifty"),
        (1_00_000, "एक लाख", "ایک لاکھ", "one lakh"),
        (
            12_34_567,
            "बारह लाख चौंतीस हज़ार पाँच सौ सड़सठ",
            "بارہ لاکھ چونتیس ہزار پانچ سو سڑسٹھ",
            "twelve lakh thirty-four thousand five hundred sixty-seven",
        ),
        (1_00_00_000, "एक करोड़", "ایک کروڑ", "one crore"),
        (25_00_00_001, "पच्चीस करोड़ एक", "پچیس کروڑ ایک", "twenty-five crore one"),
        (100_00_00_000, "एक सौ करोड़", "ایک سو کروڑ", "one hundred crore"),
    ],
)
def test_large_numbers_are_counted_in_thousand_lakh_and_crore(number, hindi, urdu, english):
    assert (words("hi", Number(number)), words("ur", Number(number)), words("en", Number(number))) == (
        hindi,
        urdu,
        english,
    )


def test_a_number_is_a_row_of_number_clips():
    assert number_clips(12_34_567) == ("n/12", "n/lakh", "n/34", "n/thousand", "n/5", "n/hundred", "n/67")
    assert number_clips(60_07_000) == ("n/60", "n/lakh", "n/7", "n/thousand")


def test_a_docket_number_is_spoken_digit_by_digit_in_pairs_with_a_short_pause_between():
    clips = value_clips("hi", Pairs("44170213"))
    assert clips == ("p/44", "pause/250", "p/17", "pause/250", "p/02", "pause/250", "p/13")
    assert vocabulary("hi")["p/02"] == "शून्य, दो"
    assert vocabulary("ur")["p/17"] == "ایک, سات"
    assert vocabulary("en")["p/44"] == "four, four"


def test_single_digits_and_keys_are_spoken_one_by_one():
    assert value_clips("en", Digits("4407")) == ("n/4", "n/4", "n/0", "n/7")
    assert [words("hi", Key(key)) for key in "19*#"] == ["एक", "नौ", "स्टार", "हैश"]
    assert [words("ur", Key(key)) for key in "0*#"] == ["صفر", "اسٹار", "ہیش"]
    assert value_clips("ur", Place("SD-07")) == ("place/SD-07",)


@pytest.mark.parametrize(
    ("when", "hindi", "urdu", "english"),
    [
        (moment(13, 20, 0), "आज रात आठ बजे", "آج رات آٹھ بجے", "today eight o'clock at night"),
        (
            moment(13, 19, 45),
            "आज शाम सात बजकर पैंतालीस मिनट",
            "آج شام سات بج کر پینتالیس منٹ",
            "today seven forty-five in the evening",
        ),
        (moment(14, 9, 0), "कल सुबह नौ बजे", "کل صبح نو بجے", "tomorrow nine o'clock in the morning"),
        (moment(14, 12, 0), "कल दोपहर बारह बजे", "کل دوپہر بارہ بجے", "tomorrow twelve o'clock in the afternoon"),
        (
            moment(14, 16, 5),
            "कल शाम चार बजकर पाँच मिनट",
            "کل شام چار بج کر پانچ منٹ",
            "tomorrow four oh five in the evening",
        ),
        (moment(12, 10, 0), "कल सुबह दस बजे", "کل صبح دس بجے", "yesterday ten o'clock in the morning"),
        (
            moment(21, 15, 30),
            "इक्कीस अगस्त दोपहर तीन बजकर तीस मिनट",
            "اکیس اگست دوپہر تین بج کر تیس منٹ",
            "twenty-first August three thirty in the afternoon",
        ),
        (moment(1, 4, 0), "एक अगस्त सुबह चार बजे", "یکم اگست صبح چار بجے", "first August four o'clock in the morning"),
        # After midnight the calendar has turned, but in Hindi and Urdu it is still tonight.
        (moment(14, 1, 0), "आज रात एक बजे", "آج رات ایک بجے", "tomorrow one o'clock in the morning"),
        (moment(15, 0, 0), "कल रात बारह बजे", "کل رات بارہ بجے", "fifteenth August twelve o'clock in the morning"),
    ],
)
def test_a_moment_is_told_by_day_and_time_of_day(when, hindi, urdu, english):
    assert (words("hi", when), words("ur", when), words("en", when)) == (hindi, urdu, english)


def test_told_after_midnight_this_evening_is_today_and_so_is_this_night():
    half_past_midnight = datetime(2026, 8, 14, 0, 30, tzinfo=KOLKATA)
    assert words("hi", moment(14, 18, 0, half_past_midnight)) == "आज शाम छह बजे"
    assert words("hi", moment(14, 2, 0, half_past_midnight)) == "आज रात दो बजे"


def test_a_moment_is_told_in_its_own_zone_whatever_zone_now_was_given_in():
    now = NOW.astimezone(ZoneInfo("UTC"))
    assert words("en", moment(13, 21, 0, now)) == "today nine o'clock at night"
    late = datetime(2026, 8, 13, 19, 0, tzinfo=ZoneInfo("UTC"))  # in Kolkata it is the 14th already
    assert words("en", moment(14, 9, 0, late)) == "today nine o'clock in the morning"


@pytest.mark.parametrize(
    ("length", "hindi", "urdu", "english"),
    [
        (Minutes(4, 6), "चार से छह मिनट", "چار سے چھ منٹ", "four to six minutes"),
        (Minutes(1, 1), "एक मिनट", "ایک منٹ", "one minute"),
        (Minutes(30, 30), "तीस मिनट", "تیس منٹ", "thirty minutes"),
        (Minutes(90, 120), "नब्बे से एक सौ बीस मिनट", "نوے سے ایک سو بیس منٹ", "ninety to one hundred twenty minutes"),
    ],
)
def test_a_length_of_time_is_an_honest_range(length, hindi, urdu, english):
    assert (words("hi", length), words("ur", length), words("en", length)) == (hindi, urdu, english)


def test_in_a_written_message_digits_stay_digits():
    assert written("hi", Pairs("44170213")) == "44 17 02 13"
    assert written("ur", Number(12)) == "12"
    assert written("en", Digits("4417")) == "4417"
    assert written("en", Minutes(4, 6)) == "four to six minutes"


@pytest.mark.parametrize("lang", ["hi", "ur", "en"])
def test_every_clip_a_value_can_ask_for_has_a_text(lang):
    known = vocabulary(lang)
    values = [Number(n) for n in (*range(100), 987_65_43_210)]
    values += [Pairs(f"{n:02}") for n in range(100)] + [Key(key) for key in "0123456789*#"]
    values += [Minutes(1, 1), Minutes(2, 3)]
    values += [When(datetime(2026, m, 1, tzinfo=KOLKATA), NOW) for m in range(1, 13)]
    values += [moment(day, day % 24, minute) for day in range(1, 32) for minute in (0, 5, 59)]
    values += [moment(13, hour, 0) for hour in range(24)]
    names = {name for value in values for name in value_clips(lang, value) if not name.startswith("pause/")}
    assert names <= known.keys()
    assert all(known[name].strip() for name in known)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Pairs("123"),
        lambda: Pairs("12a4"),
        lambda: Pairs("१२"),
        lambda: Digits(""),
        lambda: Number(-1),
        lambda: Number(10**11),
        lambda: Minutes(6, 4),
        lambda: Minutes(0, 4),
        lambda: Key("12"),
        lambda: Key(""),
        lambda: Place("../hi"),
        lambda: When(datetime(2026, 8, 13), NOW),  # noqa: DTZ001 - a moment without a zone is the fault
    ],
)
def test_a_value_that_cannot_be_spoken_is_refused(wrong):
    with pytest.raises(ValueError, match=r"a |digits"):
        wrong()


def test_a_phrase_is_not_a_number():
    with pytest.raises(TypeError):
        value_clips("hi", Phrase("category_bill"))
